namespace Silc.Tests;

/// <summary>What a decoder reads and says of captions.</summary>
[TestClass]
public sealed class CaptionLabelsTests
{
    // Rows of ids: what begins, the letters, what ends, padding.
    sealed class Rows(int? begin, int? end, int? padding) : Tokenizer
    {
        public override int VocabSize => 200;

        public override int[] Encode(string text) => [.. text.Select(letter => (int)letter)];

        public override int[] Tokens(string text, int length)
        {
            List<int> row = [.. begin is { } b ? [b] : (int[])[], .. Encode(text)];
            if (end is { } e) row.Add(e);
            while (row.Count < length) row.Add(padding ?? row.LastOrDefault(7) + row.Count % 2);
            return [.. row.Take(length)];
        }
    }

    /// <summary>Padding of its own, padding by what ends, and padding that is all there is, with and without a beginning.</summary>
    [TestMethod]
    [DataRow(null, 1, 0, 1)]
    [DataRow(null, 1, 1, 1)]
    [DataRow(150, 151, 0, 151)]
    [DataRow(150, 151, 151, 151)]
    [DataRow(null, null, 0, 0)]
    public void A_caption_is_said_up_to_its_end(int? begin, int? end, int? padding, int said)
    {
        var tokenizer = new Rows(begin, end, padding);
        var labels = new CaptionLabels(tokenizer, 200);
        int[] captions = [.. tokenizer.Tokens("ab", 7), .. tokenizer.Tokens("abcdefgh", 7)], first = [.. begin is { } b ? [b] : (int[])[], 97, 98,
            said];
        var (inputs, says, weights) = labels.Of(captions, 7, atOnce: false, each: 0.5);
        CollectionAssert.AreEqual(first, says[..first.Length]);
        Assert.IsTrue(says[first.Length..7].All(label => label == -1));
        CollectionAssert.AreEqual(captions[7..], says[7..]);        // no room for its end
        CollectionAssert.AreEqual((int[])[200, .. captions[..6], 200, .. captions[7..13]], inputs);
        Assert.AreEqual(0.5, weights[..first.Length].Sum(), 1e-6);
        Assert.AreEqual(0.5, weights[7..].Sum(), 1e-6);
        Assert.IsTrue(labels.Of(captions, 7, atOnce: true, each: 0.5).Inputs.All(id => id == 201));
    }

    [TestMethod]
    public void Tokenizers_of_the_library_end_captions()
    {
        foreach (var tokenizer in new Tokenizer[] { new ByteTokenizer(), new WordTokenizer(), Tokenizers.Open(File("t5_style.model")),
            Tokenizers.Open(File("bpe_simple_vocab_16e6.txt.gz")) })
        {
            var said = new CaptionLabels(tokenizer, tokenizer.VocabSize).Of(tokenizer.Tokens("a red star", 60), 60, false, 1).Labels;
            int[] own = tokenizer.Encode("a red star"), counted = [.. said.Where(label => label >= 0)];
            CollectionAssert.AreEqual(own, counted[^(own.Length + 1)..^1], tokenizer.Fingerprint);
        }

        static string File(string name) => Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer", name);
    }

    /// <summary>What begins every text, and the words in front; a row without a text weighs nothing.</summary>
    [TestMethod]
    [DataRow(null), DataRow(150)]
    public void What_stands_in_front_is_read_and_not_said(int? begin)
    {
        var tokenizer = new Rows(begin, 1, 0);
        var labels = new CaptionLabels(tokenizer, 200);
        int prefix = labels.InFront("xy", 9), begins = begin is null ? 0 : 1;
        Assert.AreEqual(begins + 2, prefix);
        int[] rows = [.. tokenizer.Tokens("xyab", 9), .. Enumerable.Repeat(LocatedTexts.None, 9), .. tokenizer.Tokens("xyabcdefghij", 9)];
        var (inputs, says, weights) = labels.Of(rows, 9, atOnce: false, each: 0.5, prefix);
        int[] first = [.. Enumerable.Repeat(-1, prefix), 97, 98, 1, .. Enumerable.Repeat(-1, 6 - prefix)];
        CollectionAssert.AreEqual(first, says[..9]);
        CollectionAssert.AreEqual((int[])[200, .. rows[..8]], inputs[..9]);
        Assert.IsTrue(says[9..18].All(label => label == -1) && weights[9..18].All(weight => weight == 0) && inputs[9..18].All(id => id == 200));
        CollectionAssert.AreEqual(rows[(18 + prefix)..], says[(18 + prefix)..]);        // no room for its end
        Assert.AreEqual(0.5, first.Zip(weights).Sum(pair => pair.First < 0 ? 0 : pair.Second), 1e-6);
        Assert.AreEqual(0.5, says[18..].Zip(weights[18..]).Sum(pair => pair.First < 0 ? 0 : pair.Second), 1e-6);
        // No room for more than the prefix.
        Assert.IsTrue(labels.Of(rows[..prefix], prefix, atOnce: false, each: 0.5, prefix).Weights.All(weight => weight == 0));
    }

    [TestMethod]
    public void A_tokenizer_that_does_not_end_captions_is_refused()
    {
        Assert.Contains("does not end captions", Assert.ThrowsExactly<ArgumentException>(() => new CaptionLabels(new Rows(null, null, null),
            200)).Message);
        Assert.Contains("(--decoder 0)", Assert.ThrowsExactly<ArgumentException>(() => new CaptionLabels(null, 200)).Message);
    }
}
