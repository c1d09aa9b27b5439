using System.Security.Cryptography;
using Silc.Samples.Terminals;

namespace Silc.Samples.Data;

/// <summary>What is in a data set, from reading its pairs.</summary>
sealed class DataInspection
{
    readonly List<double> widths = [], heights = [], aspects = [], captions = [], letters = [];
    readonly HashSet<string> images = [], texts = [];

    /// <summary>Pairs that could be read.</summary>
    public int Read { get; private set; }

    /// <summary>Reasons why others could not.</summary>
    public List<string> Bad { get; } = [];

    /// <summary>Images whose pixels equal those of one before.</summary>
    public int DuplicateImages { get; private set; }

    /// <summary>Images without a caption.</summary>
    public int WithoutCaptions { get; private set; }

    /// <summary>Captions that equal one before, of another image.</summary>
    public int DuplicateCaptions { get; private set; }

    /// <summary>Images with a pixel that is not opaque: they will be laid over a light colour.</summary>
    public int Transparent { get; private set; }

    /// <summary>Sorted values of what can be measured.</summary>
    public IEnumerable<(string Name, IReadOnlyList<double> Values)> Ranges =>
    [
        ("width, pixels", widths), ("height, pixels", heights), ("width / height", aspects), ("captions of an image", captions),
            ("caption, characters", letters),
    ];

    /// <summary>Reads up to <paramref name="most"/> pairs at even distances, on all cores.</summary>
    public static DataInspection Of(IImageTextSource source, int most)
    {
        var found = new DataInspection();
        int count = Math.Min(most, source.Count), read = 0;
        var stop = Interrupt.Current?.Token ?? default;
        Progress.Show("images", count, report => ParallelLoop.Run(count, i =>
        {
            stop.ThrowIfCancellationRequested();
            int index = (int)((long)i * source.Count / count);
            try
            {
                var pair = source.Read(index);
                var hash = Convert.ToHexString(SHA256.HashData(pair.Image.Rgba));
                bool transparent = IsTransparent(pair.Image);
                lock (found) found.Add(pair, $"{pair.Image.Width} {hash}", transparent);
            }
            catch (Exception error) when (Unreadable.Is(error))
            {
                lock (found) found.Bad.Add($"pair {index}: {error.Message}");
            }
            report(Interlocked.Increment(ref read));
        }));
        foreach (var values in new[] { found.widths, found.heights, found.aspects, found.captions, found.letters }) values.Sort();
        found.Bad.Sort(StringComparer.Ordinal);
        return found;
    }

    void Add(ImageTextPair pair, string hash, bool transparent)
    {
        Read++;
        widths.Add(pair.Image.Width);
        heights.Add(pair.Image.Height);
        aspects.Add(pair.Image.Width / (double)pair.Image.Height);
        captions.Add(pair.Captions.Count);
        if (pair.Captions.Count == 0) WithoutCaptions++;
        foreach (var caption in pair.Captions.Distinct())
        {
            letters.Add(caption.Length);
            if (!texts.Add(caption)) DuplicateCaptions++;
        }
        if (!images.Add(hash)) DuplicateImages++;
        if (transparent) Transparent++;
    }

    static bool IsTransparent(RgbImage image)
    {
        for (int i = 3; i < image.Rgba.Length; i += 4)
            if (image.Rgba[i] != 255) return true;
        return false;
    }
}
