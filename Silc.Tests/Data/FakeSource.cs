namespace Silc.Tests;

/// <summary>
/// Noise images captioned "caption 7", and further ones "caption 1007", "caption 2007"; <paramref name="read"/> runs before each read and may throw.
/// </summary>
sealed class FakeSource(int count, Action<int>? read = null, int captions = 1) : IImageTextSource
{
    int reads;

    public string Name => "fake";
    public int Count => count;
    public int Reads => reads;
    public long BytesPerImage => 24 * 20 * 4;

    public ImageTextPair Read(int index)
    {
        Interlocked.Increment(ref reads);
        read?.Invoke(index);
        return new($"fake {index}", Images.Noise(24, 20, index),
            [.. Enumerable.Range(0, captions).Select(caption => $"caption {caption * 1000 + index}")]);
    }
}

/// <summary>The number at the end of "caption 7", then zeros.</summary>
sealed class LastWordTokenizer : Tokenizer
{
    public override int VocabSize => 8000;

    public override int[] Encode(string text) => [int.Parse(text.Split(' ')[^1])];

    public override int[] Tokens(string text, int length)
    {
        var ids = new int[length];
        Encode(text).CopyTo(ids, 0);
        return ids;
    }
}
