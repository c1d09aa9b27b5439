using System.IO.Compression;
using System.Text;

namespace Silc.Tests;

/// <summary>Tokenizers with more, or fewer, ids than a model has rows.</summary>
[TestClass]
public sealed class VocabularyTests : TempFolder
{
    static readonly string tokenizers = Path.Combine(AppContext.BaseDirectory, "Golden/tokenizer");
    static readonly byte[] plain = File.ReadAllBytes(Path.Combine(tokenizers, "t5_style.model"));

    // SigLIP's mc4 tokenizer has 250,100 pieces, the last hundred reserved, for 250,000 rows.
    [TestMethod]
    public void Reserved_pieces_past_the_table_are_left_out()
    {
        byte[] longer = [.. plain, .. Piece("\u2581<extra_id_1>", type: 4), .. Piece("<extra_id_0>", type: 4), .. Piece("<pad2>", type: 3)];
        var (short1, long1) = (Open(plain), Open(longer));
        Assert.AreEqual(short1.VocabSize + 3, long1.VocabSize);
        var fitted = long1.Fit(short1.VocabSize);
        Assert.AreEqual(short1.VocabSize, fitted.VocabSize);
        foreach (var text in (string[])["a dog on the beach", "an <extra_id_1> here", "<extra_id_0>"])
        {
            CollectionAssert.AreEqual(short1.Tokens(text, 16), fitted.Tokens(text, 16), text);
            Assert.IsTrue(fitted.Encode(text).All(id => id < short1.VocabSize));
        }
        // What a model saves is the whole file, and fits again.
        Assert.IsTrue(fitted.Origin!.Matches(long1.Origin!));
        using var device = Device.Cpu(1);
        using var model = SilcModel.Create(device, TinyRun.Config with { VocabSize = short1.VocabSize }, tokenizer: long1);
        Assert.AreEqual(1, model.EmbedTexts(["a dog"]).Count);
        model.Save(At("m.safetensors"));
        using var again = SilcModel.Load(device, At("m.safetensors"));
        Assert.AreEqual(short1.VocabSize, again.Tokenizer!.VocabSize);
    }

    [TestMethod]
    public void A_piece_of_captions_past_the_table_is_refused()
    {
        var longer = Open([.. plain, .. Piece("\u2581<extra_id_1>", type: 4), .. Piece("\u2581zebra", type: 1)]);
        var message = Assert.ThrowsExactly<ArgumentException>(() => longer.Fit(longer.VocabSize - 2)).Message;
        Assert.Contains("'\u2581zebra'", message);
        Assert.Contains("of another model", message);
        using var device = Device.Cpu(1);
        var config = TinyRun.Config with { VocabSize = longer.VocabSize - 2 };
        Assert.ThrowsExactly<ArgumentException>(() => SilcModel.Create(device, config, tokenizer: longer));
    }

    // The ids that begin and end every text follow the merges: with fewer of these they are the rows of words.
    [TestMethod]
    public void Merges_that_were_cut_are_refused()
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(tokenizers, "bpe_simple_vocab_16e6.txt.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        File.WriteAllLines(At("cut.bpe"), Enumerable.Range(0, 1000).Select(_ => reader.ReadLine()!));
        var cut = ClipTokenizer.Load(At("cut.bpe"));
        Assert.Contains("cut short", Assert.ThrowsExactly<ArgumentException>(() => cut.Fit(49408)).Message);
        Assert.AreSame(cut, cut.Fit(cut.VocabSize));
    }

    SentencePieceTokenizer Open(byte[] file)
    {
        File.WriteAllBytes(At("t.model"), file);
        return SentencePieceTokenizer.Load(At("t.model"));
    }

    // A field of sentencepiece_model.proto: text, score -1, type.
    static byte[] Piece(string text, byte type)
    {
        var name = Encoding.UTF8.GetBytes(text);
        return [0x0A, (byte)(name.Length + 9), 0x0A, (byte)name.Length, .. name, 0x15, 0, 0, 0x80, 0xBF, 0x18, type];
    }
}
