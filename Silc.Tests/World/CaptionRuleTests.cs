using System.Text.Json;

namespace Silc.Tests;

/// <summary>Captions become the ids that each origin's own tokenizer gives them.</summary>
[TestClass]
public sealed class CaptionRuleTests : TempFolder
{
    [TestMethod]
    public void Rows_of_SiglipTokenizer_are_those_of_transformers()
    {
        foreach (var path in WorldFolder.Files("hf-tokens*.json"))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var model = json.RootElement.GetProperty("model_base64").GetBytesFromBase64();
            var tokenizer = new TokenizerOrigin("spiece.model", model) { Captions = CaptionRule.Canonical }.Open();
            int length = json.RootElement.GetProperty("length").GetInt32(), wrong = 0;
            var first = "";
            foreach (var row in json.RootElement.GetProperty("rows").EnumerateArray())
            {
                int[] ids = [.. row[1].EnumerateArray().Select(id => id.GetInt32())];
                var ours = tokenizer.Tokens(row[0].GetString()!, length);
                if (ids.SequenceEqual(ours)) continue;
                if (wrong++ < 12) first += $"\n{row[0].GetRawText()}: {string.Join(' ', ids.Take(14))}, not {string.Join(' ', ours.Take(14))}";
            }
            Assert.AreEqual(0, wrong, $"{path}: {wrong} rows differ{first}");
        }
    }

    [TestMethod]
    public void Big_vision_lowers_A_to_Z_alone_and_transformers_every_letter()
    {
        var (big, all) = (SentencePieceTokenizer.Load(WorldFolder.File("lower-ascii.model")),
            SentencePieceTokenizer.Load(WorldFolder.File("lower-ascii.model"), CaptionRule.Lower));
        using var json = JsonDocument.Parse(File.ReadAllBytes(WorldFolder.File("lower-ascii.json")));
        foreach (var row in json.RootElement.EnumerateArray())
        {
            var text = row.GetProperty("text").GetString()!;
            CollectionAssert.AreEqual(row.GetProperty("official").EnumerateArray().Select(id => id.GetInt32()).ToArray(), big.Encode(text), text);
            CollectionAssert.AreEqual(row.GetProperty("unicode_lower").EnumerateArray().Select(id => id.GetInt32())
                .ToArray(), all.Encode(text), text);
        }
    }

    [TestMethod]
    [DataRow("İstanbul", "i\u0307stanbul")]
    [DataRow("ΟΔΟΣ ΟΔΟΣ, Σ ΑΣ' ΣΑ", "οδος οδος, σ ας' σα")]
    [DataRow("Éß\u01C5", "éß\u01C6")]
    public void Small_letters_are_those_of_Python(string text, string expected) => Assert.AreEqual(expected, LowerCase.Of(text));

    [TestMethod]
    public void Rows_of_Gemma_end_once_and_are_padded_with_0()
    {
        foreach (var name in new[] { "gemma/tokenizer.model", "gemma/tokenizer.json" })
        {
            var tokenizer = Tokenizers.Open(WorldFolder.File(name));
            CollectionAssert.AreEqual(new[] { 554, 540, 396, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, tokenizer.Tokens("a red star", 16), name);
            CollectionAssert.AreEqual(new[] { 554, 540, 1 }, tokenizer.Tokens("a red star", 3), name);
            CollectionAssert.AreEqual(new[] { 1, 0 }, tokenizer.Tokens("", 2), name);
        }
        var (pieces, merges) = (Tokenizers.Open(WorldFolder.File("gemma/tokenizer.model")),
            Tokenizers.Open(WorldFolder.File("gemma/tokenizer.json")));
        foreach (var text in new[] { "two  dogs on the beach, smiling!", "  A photo of a Cat.\nå日本 😀", "the the thethe ssstststst" })
            CollectionAssert.AreEqual(pieces.Encode(text), merges.Encode(text), text);
    }

    public static IEnumerable<object[]> TokenFiles => WorldFolder.Files("hf-tokens*.json").Select(path => new object[] { path });

    [TestMethod, DynamicData(nameof(TokenFiles))]
    public void A_rule_travels_with_the_model_and_is_said(string path)
    {
        byte[] tokenizer;
        using (var json = JsonDocument.Parse(File.ReadAllBytes(path)))
            tokenizer = json.RootElement.GetProperty("model_base64").GetBytesFromBase64();
        var sizes = TinyModels.Config with { VocabSize = SentencePieceModel.Parse(tokenizer).Pieces.Count };
        ModelWriter.Write(TinyModels.Weights(sizes, head: false), ModelFormat.HuggingFace, At("written"));
        // As transformers leaves it: without the facts that Silc keeps in the metadata.
        var folder = Directory.CreateDirectory(At("hf")).FullName;
        Safetensors.Write(Path.Combine(folder, HuggingFaceModel.WeightsName),
            [.. CheckpointFile.Read(At($"written/{HuggingFaceModel.WeightsName}")).Values.Select(array => array.ToNamedArray())]);
        File.Copy(At("written/config.json"), Path.Combine(folder, "config.json"));
        File.WriteAllBytes(Path.Combine(folder, "spiece.model"), tokenizer);
        Assert.AreEqual(CaptionRule.Lower, Rule(folder));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "SiglipTokenizer", "do_lower_case": true}""");
        Assert.AreEqual(CaptionRule.Canonical, Rule(folder));
        foreach (var (from, to, format) in new[] { ("hf", "silc", "silc"), ("silc", "hf2", "hf"), ("hf2", "last", "silc") })
        {
            var (code, output, error) = CommandLineRun.Of("convert", At(from), At(to), "--to", format);
            Assert.AreEqual(0, code, error);
            StringAssert.Contains(output, "captions  all letters become small, ASCII punctuation is left out");
        }
        Assert.AreEqual(CaptionRule.Canonical, Rule(At("last")));

        static CaptionRule Rule(string path)
        {
            using var file = ModelFile.Open(path);
            return file.Tokenizer!.Captions;
        }
    }
}
