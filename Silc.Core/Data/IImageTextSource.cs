namespace Silc;

/// <summary>One image and the captions that describe it. Threads: any number may read it, while nobody changes its arrays.</summary>
/// <param name="Key">Where it came from: a path or an id, for reports.</param>
/// <param name="Image">The decoded image.</param>
/// <param name="Captions">One or more captions; training draws one.</param>
public sealed record ImageTextPair(string Key, RgbImage Image, IReadOnlyList<string> Captions);

/// <summary>
/// Images with captions, by index. Implement it to train on data of your own.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
public interface IImageTextSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of pairs.</summary>
    int Count { get; }

    /// <summary>Reads pair <paramref name="index"/>; called from several threads at once.</summary>
    ImageTextPair Read(int index);

    /// <summary>
    /// Lengths of the stretches of indices that are cheap to read together and dear to jump between, such as compressed shards;
    /// their sum is <see cref="Count"/>. Null, as for most sources, if any order is as good.
    /// </summary>
    IReadOnlyList<int>? Shards => null;

    /// <summary>What was left out when the source was opened, by reason; damage inside files shows only when they are read.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];
}
