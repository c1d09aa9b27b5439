
namespace Silc.Tests;

[TestClass]
public sealed class SentencePieceTests
{
    static string Model => Path.Combine(GoldenTokens.Folder, "t5_style.model");

    [TestMethod]
    public void AgreesWithSpmEncode() =>
        GoldenTokens.Agree(SentencePieceTokenizer.Load(Model), Path.Combine(GoldenTokens.Folder, "t5_style.json"));

    [TestMethod]
    public void AgreesWithTheGoldenFolderOfThisMachine()
    {
        var root = Environment.GetEnvironmentVariable("SILC_GOLDEN_DIR");
        var json = root is null ? [] : Directory.GetFiles(root, "t5_style.json", SearchOption.AllDirectories);
        if (json.Length == 0) Assert.Inconclusive("SILC_GOLDEN_DIR names no folder with t5_style.json");
        foreach (var file in json) GoldenTokens.Agree(SentencePieceTokenizer.Load(Path.ChangeExtension(file, ".model")), file);
    }

    [TestMethod]
    public void RowsAreEndedAndPaddedAsInSigLip()
    {
        var tokenizer = SentencePieceTokenizer.Load(Model);
        Assert.AreEqual(3000, tokenizer.VocabSize);
        Assert.AreEqual(1, tokenizer.EndId);
        var ids = tokenizer.Encode("a photo of a dog.");
        CollectionAssert.AreEqual(new[] { 178, 994, 306, 7, 178, 394, 173, 1, 1, 1 }, tokenizer.Tokens("A photo of a DOG.", 10));
        CollectionAssert.AreEqual((int[])[.. ids, 1], tokenizer.Tokens("a photo of a dog.", 8));
        CollectionAssert.AreEqual((int[])[.. ids[..6], 1], tokenizer.Tokens("a photo of a dog.", 7));
        CollectionAssert.AreEqual(new[] { 178, 994, 1 }, tokenizer.Tokens("a photo of a dog.", 3));
        CollectionAssert.AreEqual(new[] { 1, 1 }, tokenizer.Tokens("", 2));
        Assert.ThrowsExactly<ArgumentException>(() => tokenizer.Tokens("a", 0));
    }

    /// <summary>
    /// Trains small models with spm_train and compares with spm_encode: user-defined symbols, byte fallback, BPE, other normalisers.
    /// </summary>
    [TestMethod]
    [DataRow("--model_type=unigram --byte_fallback=true")]
    [DataRow("--model_type=unigram --user_defined_symbols=<dog>,photo --normalization_rule_name=nmt_nfkc_cf")]
    [DataRow("--model_type=unigram --treat_whitespace_as_suffix=true --normalization_rule_name=identity")]
    [DataRow("--model_type=unigram --add_dummy_prefix=false --remove_extra_whitespaces=false")]
    [DataRow("--model_type=bpe")]
    [DataRow("--model_type=bpe --byte_fallback=true --add_dummy_prefix=false --remove_extra_whitespaces=false " +
        "--user_defined_symbols=<dog>,photo")]
    public void AgreesWithSpmOnOtherModels(string options)
    {
        using var folder = new TemporaryFolder();
        var (corpus, model) = (folder.File("corpus.txt"), folder.File("m.model"));
        string[] lines = [.. Captions(1200)];
        File.WriteAllLines(corpus, lines);
        if (Peer.Run("spm_train", [$"--input={corpus}", $"--model_prefix={folder.File("m")}", "--vocab_size=500", "--hard_vocab_limit=false",
            "--minloglevel=2", .. options.Split(' ')]) is not { Exit: 0 })
            Assert.Inconclusive("no spm_train on this machine (Debian package sentencepiece)");
        Peer.Run("spm_encode", $"--model={model}", "--output_format=id", $"--output={folder.File("ids.txt")}", corpus);
        var expected = File.ReadAllLines(folder.File("ids.txt"));
        var tokenizer = SentencePieceTokenizer.Load(model, lowerCase: false);
        for (var i = 0; i < lines.Length; i++)
            Assert.AreEqual(expected[i], string.Join(" ", tokenizer.Encode(lines[i])), lines[i]);
    }

    [TestMethod]
    public void OtherFilesAreRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.model");
        var whole = File.ReadAllBytes(Model);
        foreach (var bytes in new[] { "{\"a\": 1}"u8.ToArray(), [], new byte[100], whole[..1000], whole[..(whole.Length - 5)] })
        {
            File.WriteAllBytes(path, bytes);
            Assert.Contains(path, Assert.ThrowsExactly<InvalidDataException>(() => SentencePieceTokenizer.Load(path)).Message);
        }
    }

    /// <summary>Caption-like lines with odd spaces, letters of other scripts and things no vocabulary holds.</summary>
    static IEnumerable<string> Captions(int count)
    {
        string[] words =
        [
            "a", "photo", "of", "the", "dog", "cats", "running", "on", "beach", "photograph", "<dog>", "Straße", "ﬁne", "½",
            "１２", "naïve", "e\u0301te\u0301", "犬", "写真", "🐶", "don't", "…", "3.5", "e-mail", "ⅣX", "ａｂＣ", "İ", "\u200b",
            "…,", "™", "photophoto",
        ];
        var random = new Philox(3);
        for (var i = 0; i < count; i++)
        {
            var line = "";
            for (var n = 1 + random.NextInt(12); n > 0; n--)
                line += Word(i < 900 ? 14 : words.Length) + (random.NextInt(8) == 0 ? "  " : random.NextInt(9) == 0 ? "" : " ");
            yield return line;
        }

        string Word(int known) => random.NextInt(2) == 0
            ? words[random.NextInt(known)]
            : string.Concat(Enumerable.Range(0, 1 + random.NextInt(3)).Select(_ => Syllable()));

        string Syllable() => $"{"bdfklmnrst"[random.NextInt(10)]}{"aeiou"[random.NextInt(5)]}";
    }
}
