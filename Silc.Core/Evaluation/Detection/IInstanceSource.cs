namespace Silc;

/// <summary>An image and the things in it. Threads: any number may read it, while nobody changes its arrays.</summary>
/// <param name="Key">Where it came from, for reports.</param>
/// <param name="Info">What the file says of it.</param>
/// <param name="Image">The decoded image.</param>
/// <param name="Instances">Its things, crowds among them.</param>
public sealed record InstanceImage(string Key, DetectionImage Info, RgbImage Image, IReadOnlyList<Instance> Instances);

/// <summary>Images whose things are marked by boxes, by index. Implement it to detect on data of your own. Threads: any number may call.</summary>
public interface IInstanceSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of images that can be read.</summary>
    int Count { get; }

    /// <summary>All images, categories and things, without pixels.</summary>
    DetectionTruth Truth { get; }

    /// <summary>What was left out when the source was opened, by reason.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];

    /// <summary>What is known of image <paramref name="index"/> before it is read.</summary>
    DetectionImage InfoOf(int index);

    /// <summary>Reads image <paramref name="index"/>; called from several threads at once.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    InstanceImage Read(int index);
}
