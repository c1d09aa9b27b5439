namespace Silc.Tests;

[TestClass]
public sealed class CaptionScoresTests : TempFolder
{
    static IReadOnlyList<string> Words(string text) => text.Split(' ');

    static CaptionScores Of(string[] captions, params string[][] references) => CaptionScores.OfWords([.. captions.Select(Words)],
        [.. references.Select(image => (IReadOnlyList<IReadOnlyList<string>>)[.. image.Select(Words)])]);

    [TestMethod]
    public void Bleu_cider_and_rouge_are_those_of_pycocoevalcap()
    {
        foreach (var (i, corpus) in MetricsFolder.Json("captions.json").EnumerateArray().Index())
        {
            var scores = Of(corpus.GetProperty("candidates").Texts(),
                [.. corpus.GetProperty("references").EnumerateArray().Select(image => image.Texts())]);
            foreach (var (k, bleu) in corpus.GetProperty("bleu").Reals().Index()) Assert.AreEqual(bleu, scores.Bleu[k], 1e-12, $"{i}: BLEU-{k + 1}");
            Assert.AreEqual(corpus.GetProperty("cider").GetDouble(), scores.CiderD, 1e-12, $"{i}: CIDEr-D");
            foreach (var (one, own) in corpus.GetProperty("each").Reals().Zip(scores.CiderDOfEach)) Assert.AreEqual(one, own, 1e-12, $"{i}");
            Assert.AreEqual(corpus.GetProperty("rouge").GetDouble(), scores.RougeL, 1e-12, $"{i}: ROUGE-L");
        }
    }

    [TestMethod]
    public void By_hand()
    {
        // Two images, each run of words in one of them: the weights cancel. 3 of 4 words, 2 of 3 pairs, 1 of 2 triples.
        var scores = Of(["a red cat sat", "the dog ran away"], ["a red cat sat"], ["the dog ran off"]);
        Assert.AreEqual(10, scores.CiderDOfEach[0], 1e-12);
        Assert.AreEqual(10 * (3 / 4.0 + 2 / 3.0 + 1 / 2.0) / 4, scores.CiderDOfEach[1], 1e-12);
        Assert.AreEqual(0.5, scores.Exact);
        // "the" seven times, of which two are clipped; of references of 6 and 7 words the closest has 7.
        scores = Of(["the the the the the the the", "x"], ["the cat is on the mat now", "there is a cat on the mat"], ["x"]);
        Assert.AreEqual(3 / 8.0, scores.Bleu[0], 1e-8);
        // The best precision and the best recall may be those of two references.
        scores = Of(["a b c d", "x"], ["a c d e f", "b d"], ["x"]);
        Assert.AreEqual((2.44 * 0.75 / (1 + 1.44 * 0.75) + 1) / 2, scores.RougeL, 1e-12);
    }

    [TestMethod]
    public void An_empty_caption_scores_nothing_and_one_image_is_refused()
    {
        var scores = CaptionScores.Of(["", "two dogs play"], [["a cat"], ["two dogs play"]]);
        Assert.AreEqual(0, scores.CiderDOfEach[0]);
        Assert.AreEqual(0.5, scores.RougeL);
        Assert.Contains("two or more", Assert.ThrowsExactly<ArgumentException>(() => CaptionScores.Of(["a"], [["a"]])).Message);
        Assert.Contains("image 1", Assert.ThrowsExactly<ArgumentException>(() => CaptionScores.Of(["a", "b"], [["a"], []])).Message);
        Assert.Contains("2 captions", Assert.ThrowsExactly<ArgumentException>(() => CaptionScores.Of(["a", "b"], [["a"]])).Message);
    }

    [TestMethod]
    [DataRow("A man's 2,000-dollar dog isn't there, (really)!", "a man 's 2,000-dollar dog is n't there really")]
    [DataRow("Two dogs, a cat; and \"birds\" - on a T-shirt.", "two dogs a cat and birds on a t-shirt")]
    [DataRow("The dogs' toys can't move... They\u2019re 3.5 m. away", "the dogs toys ca n't move they 're 3.5 m away")]
    [DataRow("A U.S. flag at 5 o'clock cannot wave & 50% off", "a u.s. flag at 5 o'clock can not wave & 50 % off")]
    [DataRow("  two\nlines ", "two lines")]
    public void Captions_are_split_as_plain_English(string caption, string words) =>
        Assert.AreEqual(words, string.Join(' ', CaptionWords.Of(caption)));

    [TestMethod]
    public void Results_go_through_the_official_file()
    {
        var captions = new Dictionary<long, string> { [42] = "a \"red\" cat\u2026", [7] = "two dogs" };
        CaptionResults.Write(At("r.json"), captions);
        Assert.StartsWith("[{\"image_id\":42,\"caption\":", File.ReadAllText(At("r.json")));
        var read = CaptionResults.Read(At("r.json"));
        CollectionAssert.AreEquivalent(captions.ToArray(), read.ToArray());
        var references = new Dictionary<long, IReadOnlyList<string>> { [7] = ["two dogs"], [42] = ["a red cat"] };
        Assert.IsGreaterThan(0, CaptionResults.Score(read, references).CiderD);
        references[9] = ["a bird"];
        Assert.Contains("1 of 3 images have no caption: 9", Assert.ThrowsExactly<ArgumentException>(() =>
            CaptionResults.Score(read, references)).Message);
        references.Remove(9);
        references.Remove(42);
        Assert.Contains("does not have: 42", Assert.ThrowsExactly<ArgumentException>(() => CaptionResults.Score(read, references)).Message);
        File.WriteAllText(At("r.json"), """[{"image_id": 1, "caption": "a"}, {"image_id": "1", "caption": "b"}]""");
        var twice = Assert.ThrowsExactly<InvalidDataException>(() => CaptionResults.Read(At("r.json"))).Message;
        Assert.Contains("[1].image_id", twice);
        Assert.Contains(At("r.json"), twice);
    }
}
