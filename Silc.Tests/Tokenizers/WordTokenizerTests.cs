namespace Silc.Tests;

[TestClass]
public sealed class WordTokenizerTests
{
    [TestMethod]
    public void Words_are_the_same_whatever_their_case_and_punctuation()
    {
        var tokenizer = new WordTokenizer();
        CollectionAssert.AreEqual(tokenizer.Encode("a red star, a blue ring"), tokenizer.Encode("A RED  star; a (blue) Ring!"));
        Assert.HasCount(6, tokenizer.Encode("a red star, a blue ring"));
        Assert.HasCount(0, tokenizer.Encode(" ... "));
    }

    [TestMethod]
    public void Rows_end_and_pad_with_the_end_token()
    {
        var row = new WordTokenizer().Tokens("one two three four", 4);
        Assert.HasCount(4, row);
        Assert.AreEqual(1, row[^1]);
        CollectionAssert.AreEqual(new[] { 1, 1, 1 }, new WordTokenizer().Tokens("one", 4)[1..]);
    }

    [TestMethod]
    public void The_demo_s_words_do_not_collide()
    {
        var tokenizer = new WordTokenizer();
        var demo = new DemoSource(3000, seed: 5);
        var words = Enumerable.Range(0, 3000).SelectMany(i => DemoCaptions.Of(demo.Scene(i)))
            .SelectMany(caption => caption.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        Assert.HasCount(words.Count, words.Select(word => tokenizer.Encode(word)[0]).ToHashSet());
        Assert.IsGreaterThan(30, words.Count);
    }
}
