using static Silc.Tests.CommandLineRun;

namespace Silc.Tests;

/// <summary>A model keeps its tokenizer's identity and refuses another of the same size, whatever the format of its weights.</summary>
[TestClass, DoNotParallelize]
public sealed class IdentityTests : TempFolder
{
    static readonly string golden = Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizer", "t5_style.model");

    [TestMethod]
    [DataRow("bytes", "words:258", "silc", DisplayName = "tokenizer-of-another-model")]
    [DataRow("bytes", "words:258", "npz"), DataRow("bytes", "words:258", "hf")]
    [DataRow("words:258", "bytes", "npz"), DataRow("words:258", "words:257", "hf")]
    public void Another_tokenizer_is_refused(string own, string other, string format)
    {
        Model(own);
        var path = At(format == "npz" ? "m.npz" : "out");
        Good("convert", At("run"), path, "--to", format);
        Good(Embed(path, own));
        var (code, _, error) = CommandLineRun.Of(Embed(path, other));
        Assert.AreEqual(1, code);
        foreach (var words in new[] { own, other, "take the tokenizer that it was trained with" }) Assert.Contains(words, error);
        Assert.AreEqual(1, CommandLineRun.Of("convert", path, At("again"), "--tokenizer", other).Code);
        Assert.AreEqual(1, CommandLineRun.Of("export", "onnx", "--model", path, "--out", At("onnx"), "--tokenizer", other).Code);
        Assert.ThrowsExactly<ArgumentException>(() => SilcModel.Load(TestDevices.Open(TestDevices.OneThread), path, Tokenizers.Open(other)));
    }

    [TestMethod]
    public void A_file_of_the_same_size_in_the_folder_is_no_better()
    {
        Model(golden);
        Good("convert", At("run"), At("hf"), "--to", "hf");
        Good("embed", "--model", At("hf"), "--texts", Text(), "--out", At("v.npy"), "--device", "cpu");
        var bytes = File.ReadAllBytes(golden);
        // One letter of a piece: as many ids, of which one means another word.
        var at = bytes.AsSpan().IndexOf("the"u8);
        bytes[at + 2] = (byte)'a';
        File.WriteAllBytes(At("hf/spiece.model"), bytes);
        Assert.AreEqual(SentencePieceTokenizer.Load(golden).VocabSize, SentencePieceTokenizer.Load(At("hf/spiece.model")).VocabSize);
        var (code, _, error) = CommandLineRun.Of("embed", "--model", At("hf"), "--texts", Text(), "--out", At("v.npy"), "--device", "cpu");
        Assert.AreEqual(1, code);
        Assert.Contains("spiece.model", error);
    }

    [TestMethod]
    public void Fingerprints_tell_tokenizers_apart_and_are_lasting()
    {
        var two = new[] { Tokenizers.Open(golden), Tokenizers.Open("tokenizer.model", File.ReadAllBytes(golden)) };
        Assert.AreEqual(two[0].Fingerprint, two[1].Fingerprint);
        Assert.MatchesRegex("^sentencepiece-[0-9a-f]{16}$", two[0].Fingerprint!);
        Assert.AreNotEqual(two[0].Fingerprint, SentencePieceTokenizer.Load(golden, lowerCase: false).Fingerprint);
        Assert.AreEqual("bytes words words:300",
            string.Join(' ', new[] { "bytes", "words", "words:300" }.Select(name => Tokenizers.Open(name).Fingerprint)));
        Assert.IsNull(new LastWordTokenizer().Fingerprint);
    }

    [TestMethod]
    public void Ids_behind_the_table_that_no_caption_has_are_no_reason_to_refuse()
    {
        // What T5's vocabularies end in, and SigLIP's multilingual table has no rows for.
        var bytes = new List<byte>(File.ReadAllBytes(golden));
        for (int i = 9; i >= 0; i--)
        {
            var text = System.Text.Encoding.UTF8.GetBytes($"▁<extra_id_{i}>");
            bytes.AddRange([0x0A, (byte)(text.Length + 9), 0x0A, (byte)text.Length, .. text, 0x15, 0, 0, 0, 0, 0x18, 4]);
        }
        File.WriteAllBytes(At("more.model"), [.. bytes]);
        SentencePieceTokenizer plain = SentencePieceTokenizer.Load(golden), more = SentencePieceTokenizer.Load(At("more.model"));
        Assert.AreEqual(plain.VocabSize + 10, more.VocabSize);
        Assert.AreEqual(plain.Fingerprint, more.Fingerprint);
        CollectionAssert.AreEqual(plain.Encode("a red star"), more.Encode("a red star"));

        Model(golden);
        Good("convert", At("run"), At("hf"), "--to", "hf");
        Good("embed", "--model", At("hf"), "--texts", Text(), "--out", At("a.csv"), "--device", "cpu");
        File.Copy(At("more.model"), At("hf/spiece.model"), overwrite: true);
        Good("embed", "--model", At("hf"), "--texts", Text(), "--out", At("b.csv"), "--device", "cpu");
        Assert.AreEqual(File.ReadAllText(At("a.csv")), File.ReadAllText(At("b.csv")));
    }

    [TestMethod]
    public void Rows_of_Gemmas_vocabularies_end_once_and_are_padded_by_zeros()
    {
        // Pairs of bytes: <pad>, </s>, <s>, <unk>, 256 bytes and the letters of "hi".
        var pieces = new List<(string Text, int Type)> { ("<pad>", 3), ("</s>", 3), ("<s>", 3), ("<unk>", 2) };
        pieces.AddRange(Enumerable.Range(0, 256).Select(unit => ($"<0x{unit:X2}>", 6)));
        pieces.AddRange([("h", 1), ("i", 1), ("hi", 1)]);
        List<byte> file = [.. pieces.SelectMany(piece =>
        {
            var text = System.Text.Encoding.UTF8.GetBytes(piece.Text);
            return new byte[] { 0x0A, (byte)(text.Length + 9), 0x0A, (byte)text.Length }.Concat(text)
                .Concat(new byte[] { 0x15, 0, 0, 0, 0, 0x18, (byte)piece.Type });
        })];
        file.AddRange([0x12, 5, 0x18, 2, 0x98, 2, 1]);          // trainer: bpe, with bytes for what has no piece
        file.AddRange([0x1A, 2, 0x18, 0]);                      // normalizer: no space in front
        File.WriteAllBytes(At("gemma.model"), [.. file]);
        var tokenizer = SentencePieceTokenizer.Load(At("gemma.model"));
        CollectionAssert.AreEqual(new[] { 262, 1, 0, 0, 0, 0 }, tokenizer.Tokens("hi", 6), "siglip2-padding");
        CollectionAssert.AreEqual(new[] { 262, 260, 260, 1 }, tokenizer.Tokens("hihhhh", 4), "the end stays when a caption is cut");
        CollectionAssert.AreEqual(new[] { 1 }, tokenizer.Tokens("hi", 1));

        // SigLIP's repeat the end.
        var siglip = SentencePieceTokenizer.Load(golden);
        var row = siglip.Tokens("a", 8);
        CollectionAssert.AreEqual(Enumerable.Repeat(siglip.EndId, 8 - siglip.Encode("a").Length).ToArray(), row[siglip.Encode("a").Length..]);
    }

    void Model(string tokenizer)
    {
        var opened = Tokenizers.Open(tokenizer);
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread),
            TinyRun.Config with { VocabSize = opened.VocabSize, TextLength = 24 }, 1, opened);
        model.Save(At("run/model.safetensors"));
    }

    string Text()
    {
        File.WriteAllText(At("t.txt"), "a red star\n");
        return At("t.txt");
    }

    string[] Embed(string model, string tokenizer) =>
        ["embed", "--model", model, "--tokenizer", tokenizer, "--texts", Text(), "--out", At("v.npy"), "--device", "cpu"];
}
