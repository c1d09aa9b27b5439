namespace Silc.Tests;

[TestClass]
public sealed class TokenizerTests
{
    static string Merges => Path.Combine(GoldenTokens.Folder, "bpe_simple_vocab_16e6.txt.gz");

    [TestMethod]
    public void BytesAreShiftedByTwoAndEndedByOne()
    {
        var tokenizer = new ByteTokenizer();
        Assert.AreEqual(258, tokenizer.VocabSize);
        CollectionAssert.AreEqual(new[] { 99, 100, 0xC3 + 2, 0xA9 + 2 }, tokenizer.Encode("aBÉ"));
        CollectionAssert.AreEqual(new[] { 99, 100, 1, 1 }, tokenizer.Tokens("ab", 4));
        CollectionAssert.AreEqual(new[] { 99, 1 }, tokenizer.Tokens("ab", 2));
    }

    [TestMethod]
    public void ClipAgreesWithItsOwnTokenizer() =>
        GoldenTokens.Agree(ClipTokenizer.Load(Merges), Path.Combine(GoldenTokens.Folder, "clip_bpe.json"));

    [TestMethod]
    public void ClipRowsStartAndEnd()
    {
        var tokenizer = ClipTokenizer.Load(Merges);
        Assert.AreEqual(49408, tokenizer.VocabSize);
        int[] row = [49406, 320, 1125, 539, 320, 1929, 269, 49407, 49407];
        CollectionAssert.AreEqual(row, tokenizer.Tokens("A photo of a Dog.", 9));
        CollectionAssert.AreEqual(new[] { 49406, 320, 49407 }, tokenizer.Tokens("A photo of a Dog.", 3));
        CollectionAssert.AreEqual(new[] { 49406, 49407 }, tokenizer.Encode("<|startoftext|> <|endoftext|>"));
        CollectionAssert.AreEqual(tokenizer.Encode("fine \"abc\" it's"), tokenizer.Encode("ﬁne “ａｂｃ” it’s"));
        Assert.HasCount(ClipTokenizer.ContextLength, tokenizer.Tokens(new string('x', 3000), ClipTokenizer.ContextLength));
    }

    [TestMethod]
    public void TheFileNameChoosesTheTokenizer()
    {
        Assert.IsInstanceOfType<ByteTokenizer>(Tokenizers.Open());
        Assert.IsInstanceOfType<ByteTokenizer>(Tokenizers.Open("bytes"));
        Assert.IsInstanceOfType<ClipTokenizer>(Tokenizers.Open(Merges));
        Assert.IsInstanceOfType<SentencePieceTokenizer>(Tokenizers.Open(Path.Combine(GoldenTokens.Folder, "t5_style.model")));
        Assert.Contains("vocab.json", Assert.ThrowsExactly<ArgumentException>(() => Tokenizers.Open("vocab.json")).Message);
    }

    [TestMethod]
    public void AMergeOfUnknownPiecesIsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a.bpe"), "title\na b</w>\nzz top\n");
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => ClipTokenizer.Load(folder.File("a.bpe")));
        Assert.Contains("line 3: 'zz top'", refusal.Message);
    }
}
