using System.Globalization;

namespace Silc.Tests;

/// <summary>Captions in scripts other than English.</summary>
[TestClass]
public sealed class ScriptTests : TempFolder
{
    [TestMethod]
    [DataRow("caf\u00E9", "cafe\u0301")]
    [DataRow("\u1EA5", "a\u0302\u0301")]
    [DataRow("\u212B", "\u00C5")]
    [DataRow("\u1100\u1161\u11A8", "\uAC01")]
    [DataRow("q\u0323\u0307", "q\u0307\u0323")]
    [DataRow("\u2764", "\u2764\uFE0F")]
    [DataRow("Zusammen\u00ADarbeit", "Zusammenarbeit")]
    public void Words_that_look_alike_are_alike(string one, string other) =>
        CollectionAssert.AreEqual(new WordTokenizer().Encode(one), new WordTokenizer().Encode(other));

    [TestMethod]
    [DataRow("\U0001F44D", "\U0001F382")]
    [DataRow("\U0001F1E9\U0001F1EA", "\U0001F1EB\U0001F1F7")]
    [DataRow("\U0001F44D\U0001F3FB", "\U0001F44D\U0001F3FF")]
    [DataRow("1\uFE0F\u20E3", "2\uFE0F\u20E3")]
    [DataRow("\u25FD", "\u25FE")]
    [DataRow("\u203C\uFE0F", "\u2049\uFE0F")]
    [DataRow("\u3030\uFE0F", "\u2194\uFE0F")]
    [DataRow("\u0915\u093F", "\u0915\u0940")]
    public void Words_that_differ_in_a_sign_are_told_apart(string one, string other)
    {
        var (first, second) = (new WordTokenizer().Encode(one), new WordTokenizer().Encode(other));
        Assert.HasCount(1, first);
        Assert.HasCount(1, second);
        Assert.AreNotEqual(first[0], second[0]);
    }

    [TestMethod]
    [DataRow("a red star, a (blue) ring!", "a red star a blue ring")]
    [DataRow("don't l\u2019eau 3.5 1,000 e-mail red_panda", "don't l\u2019eau 3.5 1,000 e mail red panda")]
    [DataRow("\u0928\u092E\u0938\u094D\u0924\u0947", "\u0928\u092E\u0938\u094D\u0924\u0947")]
    [DataRow("\u0915\u093F\u0924\u093E\u092C\u0964", "\u0915\u093F\u0924\u093E\u092C")]
    [DataRow("\u05E9\u05DC\u05D5\u05DD, \u0645\u0631\u062D\u0628\u0627\u061F", "\u05E9\u05DC\u05D5\u05DD \u0645\u0631\u062D\u0628\u0627")]
    [DataRow("\u732B\u3068\u72AC", "\u732B \u3068 \u72AC")]
    [DataRow("\u30AB\u30E1\u30E9\u30FC\u3067", "\u30AB\u30E1\u30E9\u30FC \u3067")]
    [DataRow("\uACE0\uC591\uC774\uAC00 \uAC1C", "\uACE0\uC591\uC774\uAC00 \uAC1C")]
    [DataRow("cat\U0001F408\U0001F469\u200D\U0001F680!", "cat \U0001F408 \U0001F469\u200D\U0001F680")]
    [DataRow("\u0E44\u0E01\u0E48", "\u0E44 \u0E01\u0E48")]
    [DataRow("in x\u00B2 \u00BD cup", "in x \u00B2 \u00BD cup")]
    [DataRow("... -- '", "")]
    public void Words_end_where_Unicode_ends_them(string text, string expected) =>
        Assert.AreEqual(expected, string.Join(' ', WordBreaks.Of(text).Select(word => text[word.Start..word.End])));

    // Python has the tables of some version of Unicode; what is younger than those of either side is left out.
    [TestMethod]
    public void Letters_are_composed_as_Python_composes_them()
    {
        var random = new Random(3);
        int[] parts =
        [
            .. Enumerable.Range(0xC0, 0x400), .. Enumerable.Range(0x300, 0x70), .. Enumerable.Range(0x591, 0x30),
            .. Enumerable.Range(0x900, 0x80), .. Enumerable.Range(0x1100, 0x100), .. Enumerable.Range(0x1E00, 0x200),
            .. Enumerable.Range(0xAC00, 0x100),
        ];
        string[] texts =
        [
            .. Enumerable.Range(0xA0, 0x2FA20).Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)
                .Where(letter => CharUnicodeInfo.GetUnicodeCategory(letter, 0) != UnicodeCategory.OtherNotAssigned),
            .. Enumerable.Range(0, 5000).Select(_ => string.Concat(Enumerable.Range(0, 6).Select(_ => Part()))),
        ];
        File.WriteAllLines(At("in.txt"), texts);
        NumpyPeer.Run($"""
            import unicodedata as u
            lines = open(r'{At("in.txt")}', encoding='utf-8', newline='\n').read().split('\n')[:-1]
            composed = lambda line: u.normalize('NFC', line) if all(u.category(c) != 'Cn' for c in line) else ''
            open(r'{At("out.txt")}', 'w', encoding='utf-8', newline='\n').write(''.join(composed(line) + '\n' for line in lines))
            """, "unicodedata", imports: "");
        var composed = File.ReadAllText(At("out.txt")).Split('\n')[..^1];
        Assert.HasCount(texts.Length, composed);
        for (int i = 0; i < texts.Length; i++)
            if (composed[i] != "") Assert.AreEqual(composed[i], Nfc.Of(texts[i]));
        Assert.IsGreaterThan(100_000, composed.Count(line => line != ""));

        string Part() => char.ConvertFromUtf32(parts[random.Next(parts.Length)]);
    }

    // A second trainer specification, merged into the first, says that the model is of another kind.
    [TestMethod]
    [DataRow(3, "of the kind word (3), which is not read")]
    [DataRow(4, "of the kind char (4), which is not read")]
    public void Other_kinds_of_SentencePiece_are_called_that(int kind, string expected)
    {
        var unigram = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer/t5_style.model"));
        File.WriteAllBytes(At("words.model"), [.. unigram, 0x12, 2, 0x18, (byte)kind]);
        var message = Assert.ThrowsExactly<InvalidDataException>(() => SentencePieceTokenizer.Load(At("words.model"))).Message;
        Assert.Contains($"{At("words.model")} is a SentencePiece model {expected}", message);
        Assert.DoesNotContain("damaged", message);
    }

    // Decomposed letters are composed: 15304 is café, by CLIP's own code.
    [TestMethod]
    public void CLIP_composes_letters_first()
    {
        var tokenizer = ClipTokenizer.Load(Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer/bpe_simple_vocab_16e6.txt.gz"));
        CollectionAssert.AreEqual(tokenizer.Encode("caf\u00E9 \u1EA5 na\u00EFve"), tokenizer.Encode("cafe\u0301 a\u0302\u0301 nai\u0308ve"));
        CollectionAssert.AreEqual(new[] { 15304 }, tokenizer.Encode("cafe\u0301"));
    }
}
