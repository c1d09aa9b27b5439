namespace Silc;

/// <summary>One image and the captions that describe it. Threads: any number may read it, while nobody changes its arrays.</summary>
/// <example>
/// <code>
/// var pair = new ImageTextPair("photo 7", ImageFile.Read("photo.jpg"), ["a cat", "a cat on a sofa"]);
/// </code>
/// </example>
/// <param name="Key">Where it came from: a path or an id, for reports.</param>
/// <param name="Image">The decoded image.</param>
/// <param name="Captions">One or more captions; training draws one.</param>
public sealed record ImageTextPair(string Key, RgbImage Image, IReadOnlyList<string> Captions);

/// <summary>Images with captions, by index. Implement it to train on data of your own. Threads: any number may call <see cref="Read"/>.</summary>
/// <example>
/// <code>
/// using var run = new TrainRun(model, new Squares(), new TrainConfig(BatchSize: 8, TotalSteps: 10));
///
/// sealed class Squares : IImageTextSource
/// {
///     public string Name => "squares";
///
///     public int Count => 256;
///
///     public ImageTextPair Read(int index)                                  // called by several threads at once
///     {
///         var rgba = new byte[4 * 64 * 64];
///         Array.Fill(rgba, (byte)index);
///         return new($"square {index}", new RgbImage(64, 64, rgba), [index &lt; 128 ? "a dark square" : "a bright square"]);
///     }
/// }
/// </code>
/// </example>
public interface IImageTextSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of pairs.</summary>
    int Count { get; }

    /// <summary>Reads pair <paramref name="index"/>, from 0 to <see cref="Count"/> - 1; called from several threads at once.</summary>
    /// <exception cref="InvalidDataException">
    /// This pair cannot be read. Training takes any exception but <see cref="OutOfMemoryException"/> for that: it leaves the pair out and counts it,
    /// up to a share of the data.
    /// </exception>
    ImageTextPair Read(int index);

    /// <summary>
    /// Lengths of the stretches of indices that are cheap to read together and dear to jump between, such as compressed shards;
    /// their sum is <see cref="Count"/>. Null, as for most sources, if any order is as good.
    /// </summary>
    IReadOnlyList<int>? Shards => null;

    /// <summary>What was left out when the source was opened, by reason; damage inside files shows only when they are read.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];

    /// <summary>The source knows boxes of what is in its images.</summary>
    internal bool HasBoxes => false;

    /// <summary>
    /// Boxes of what pair <paramref name="index"/> shows, in pixels of the image as it is read; several threads call at once, where
    /// <see cref="HasBoxes"/> is true.
    /// </summary>
    internal IReadOnlyList<NamedBox> BoxesOf(int index) => [];
}
