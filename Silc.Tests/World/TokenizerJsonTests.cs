using System.Text.Json;
using System.Text.Json.Nodes;

namespace Silc.Tests;

/// <summary>Tokenizers in the files of transformers give the ids of the files that they were made from.</summary>
[TestClass]
public sealed class TokenizerJsonTests : TempFolder
{
    [TestMethod]
    public void Unigram_alone_gives_the_rows_of_transformers()
    {
        int compared = 0;
        foreach (var path in WorldFolder.Files("hf-tokens*.json"))
        {
            using var golden = JsonDocument.Parse(File.ReadAllBytes(path));
            var model = SentencePieceModel.Parse(golden.RootElement.GetProperty("model_base64").GetBytesFromBase64());
            if (model.Kind != SegmenterKind.Unigram) continue;
            var (unknown, end) = (model.IdOf(PieceType.Unknown), model.EndId());
            object Special(int id) => new { id, content = model.Pieces[id].Text, special = true };
            File.WriteAllText(At("tokenizer.json"), JsonSerializer.Serialize(new
            {
                added_tokens = new[] { Special(unknown), Special(end) },
                normalizer = model.CharsMap.Length == 0 ? null : new { type = "Precompiled", precompiled_charsmap = model.CharsMap },
                pre_tokenizer = new { type = "Metaspace", replacement = "\u2581", prepend_scheme = "always" },
                model = new { type = "Unigram", unk_id = unknown, vocab = model.Pieces.Select(piece => new object[] { piece.Text, piece.Score }) },
            }));
            File.WriteAllText(At("tokenizer_config.json"), """{"tokenizer_class": "SiglipTokenizer"}""");
            var tokenizer = Tokenizers.Open(At("tokenizer.json"));
            int length = golden.RootElement.GetProperty("length").GetInt32();
            foreach (var row in golden.RootElement.GetProperty("rows").EnumerateArray())
            {
                CollectionAssert.AreEqual(row[1].EnumerateArray().Select(id => id.GetInt32()).ToArray(),
                    tokenizer.Tokens(row[0].GetString()!, length), $"{path}: {row[0].GetRawText()}");
                compared++;
            }
        }
        Assert.IsGreaterThan(0, compared);
    }

    [TestMethod]
    public void A_step_that_is_not_known_is_named()
    {
        File.WriteAllText(At("tokenizer.json"),
            """{"normalizer": {"type": "StripAccents"}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Tokenizers.Open(At("tokenizer.json"))).Message, "StripAccents");
        File.WriteAllText(At("tokenizer.json"), """{"model": {"type": "WordPiece", "vocab": {}}}""");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Tokenizers.Open(At("tokenizer.json"))).Message, "WordPiece");
    }

    // CLIP's merges in three forms, of which OpenAI's alone repairs the text.
    [TestMethod]
    public void The_forms_of_CLIP_give_one_row()
    {
        var folder = WorldFolder.File("hf-clip-nfd");
        var openAi = (ClipTokenizer)Tokenizers.Open(Path.Combine(folder, "clip.txt.gz"));
        foreach (var (name, bytes) in openAi.HuggingFaceFiles(77)) File.WriteAllBytes(At(name), bytes);
        var merges = (ClipTokenizer)Tokenizers.Open(At("merges.txt"));
        Assert.AreEqual(openAi.Fingerprint, merges.Fingerprint);
        foreach (var text in new[] { "A Photo of  a caf\u00E9, isn't it?", "\u00C9 12 cafe\u0301", "\u65E5\u672C \U0001F600!!", "" })
            CollectionAssert.AreEqual(openAi.Tokens(text, 20), merges.Tokens(text, 20), text);
        CollectionAssert.AreEqual(openAi.Encode("a & b"), openAi.Encode("a &amp; b"));
        CollectionAssert.AreNotEqual(merges.Encode("a & b"), merges.Encode("a &amp; b"), "transformers decodes no HTML");

        var vocabulary = JsonNode.Parse(File.ReadAllText(At("vocab.json")))!.AsObject();
        var json = JsonNode.Parse(SmallClip.TokenizerJson(openAi.VocabSize))!;
        (json["model"]!["vocab"], json["model"]!["merges"]) = (vocabulary.DeepClone(),
            new JsonArray([.. File.ReadLines(At("merges.txt")).Skip(1).Select(line => (JsonNode)line)]));
        File.WriteAllText(At("tokenizer.json"), json.ToJsonString());
        var whole = (ClipTokenizer)Tokenizers.Open(At("tokenizer.json"));
        Assert.AreEqual(openAi.Fingerprint, whole.Fingerprint);
        CollectionAssert.AreEqual(merges.Tokens("A  Photo of a caf\u00E9", 20), whole.Tokens("A  Photo of a caf\u00E9", 20));

        vocabulary["a"] = 1;
        File.WriteAllText(At("vocab.json"), vocabulary.ToJsonString());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Tokenizers.Open(At("merges.txt"))).Message, "vocab.json: 'a' is 1");
    }

    [TestMethod]
    public void A_small_vocabulary_has_its_own_ids()
    {
        File.WriteAllText(At("tokenizer.json"), SmallClip.TokenizerJson(37));
        var tokenizer = Tokenizers.Open(At("tokenizer.json"));
        Assert.AreEqual(37, tokenizer.VocabSize);
        // <start> a</w> b a d</w> cab</w> z</w>, which is unknown, <end>
        CollectionAssert.AreEqual(new[] { 35, 16, 1, 0, 19, 33, 36, 36, 36 }, tokenizer.Tokens("A bad\ncab z", 9));
    }
}
