using SkiaSharp;

namespace Silc.Datasets;

/// <summary>
/// One to three emoji of different groups, apart from each other on a drawn background or a photograph, with the group of every
/// pixel. A group is called by the annotations of its emoji. Threads: any number may call <see cref="Read"/>.
/// </summary>
sealed class EmojiScenes : ISegmentationSource
{
    const byte Opaque = 128;

    readonly EmojiSource emoji;
    readonly int seed, size;
    readonly IReadOnlyList<string> photographs;
    readonly int[] groups;

    /// <param name="emoji">Whose images are placed.</param>
    /// <param name="named">Whose annotations are the names of a group; may hold more emoji than are placed.</param>
    /// <param name="count">Number of scenes.</param>
    /// <param name="seed">Another seed draws other scenes.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="photographs">Files of images to place them on; null draws backgrounds as the demo does.</param>
    /// <exception cref="ArgumentException">There are fewer than three groups.</exception>
    public EmojiScenes(EmojiSource emoji, EmojiSource named, int count, int seed, int size = 128,
        IReadOnlyList<string>? photographs = null)
    {
        Require.Positive(count, "number of emoji scenes");
        Require.Within(size, 16, 4096, "size of emoji scenes");
        (this.emoji, Count, this.seed, this.size, this.photographs) = (emoji, count, seed, size, photographs ?? []);
        string[] names = [.. named.Rows.Select(row => row.Concept.Group).Distinct().Order(StringComparer.Ordinal)];
        Require.That(emoji.Groups.Names.Count > 2,
            $"{emoji.Name} has {emoji.Groups.Names.Count} groups, a scene takes emoji of three");
        foreach (var group in emoji.Groups.Names) Require.That(names.Contains(group),
            $"{named.Name} has no emoji of the group {group}");
        groups = [.. emoji.Rows.Select(row => 1 + Array.IndexOf(names, row.Concept.Group))];
        Classes = ClassList.Of([["background"], .. names.Select(name => (IReadOnlyList<string>)
            [name, .. named.Rows.Where(row => row.Concept.Group == name).Select(row => row.Concept.Annotation).Distinct()])]);
    }

    /// <inheritdoc/>
    public string Name => $"scenes of {emoji.Name}";

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public ClassList Classes { get; }

    /// <inheritdoc/>
    public bool HasBackground => true;

    /// <inheritdoc/>
    public SegmentedImage Read(int index)
    {
        Require.That((uint)index < (uint)Count, $"index {index} lies outside the {Count} scenes");
        var random = new Philox((ulong)seed, (ulong)index);
        var labels = new int[size * size];
        var image = Drawing.Draw(size, size, canvas =>
        {
            DrawGround(canvas, random);
            foreach (var (row, box) in Place(random))
            {
                var one = Drawing.Draw(size, size, alone => Draw(alone, emoji.Read(row).Image, box));
                using var image = Drawing.Image(one);
                canvas.DrawImage(image, 0, 0, new SKSamplingOptions(SKFilterMode.Nearest));
                for (int i = 0; i < labels.Length; i++)
                    if (one.Rgba[4 * i + 3] >= Opaque) labels[i] = groups[row];
            }
        });
        return new($"emoji scene {index}", image, new(size, size, labels));
    }

    // One emoji nearly fills the image; two or three share its quarters.
    IEnumerable<(int Row, SKRect Box)> Place(Philox random)
    {
        int many = 1 + random.NextInt(3);
        int[] quarters = [0, 1, 2, 3];
        var taken = new HashSet<int>();
        for (int i = 0; i < many; i++)
        {
            int row = random.NextInt(emoji.Count);
            while (!taken.Add(groups[row])) row = random.NextInt(emoji.Count);
            int swap = i + random.NextInt(4 - i);
            (quarters[i], quarters[swap]) = (quarters[swap], quarters[i]);
            float cell = many == 1 ? size : size / 2f, side = cell * (float)random.Uniform(0.7, 0.95);
            float left = many == 1 ? 0 : quarters[i] % 2 * cell, top = many == 1 ? 0 : quarters[i] / 2 * cell;
            float x = left + (float)random.Uniform(0, cell - side), y = top + (float)random.Uniform(0, cell - side);
            yield return (row, SKRect.Create(x, y, side, side));
        }
    }

    void DrawGround(SKCanvas canvas, Philox random)
    {
        if (photographs.Count == 0)
        {
            var colours = Enum.GetValues<DemoColour>();
            var grounds = Enum.GetValues<DemoGround>();
            new DemoBackground(grounds[random.NextInt(grounds.Length)], colours[random.NextInt(colours.Length)],
                random.NextInt(int.MaxValue)).Draw(canvas, size);
            return;
        }
        var photograph = ImageFile.Read(photographs[random.NextInt(photographs.Count)]);
        canvas.Clear(new SKColor(128, 128, 128));
        float scale = size / (float)Math.Min(photograph.Width, photograph.Height);
        Draw(canvas, photograph, SKRect.Create(
            (size - photograph.Width * scale) / 2, (size - photograph.Height * scale) / 2, photograph.Width * scale,
                photograph.Height * scale));
    }

    static void Draw(SKCanvas canvas, RgbImage image, SKRect box)
    {
        using var bitmap = Drawing.Image(image);
        canvas.DrawImage(bitmap, box, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
    }
}
