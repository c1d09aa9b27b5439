namespace Silc;

/// <summary>Pairs of image and label map of a published set. Threads: any number may call <see cref="Read"/>.</summary>
/// <param name="name">What to call it.</param>
/// <param name="pairs">Paths.</param>
/// <param name="classes">Names of the classes.</param>
/// <param name="read">The classes of the label map of a pair, by its index.</param>
/// <param name="skipped">What was left out.</param>
/// <param name="hasBackground">Class 0 is whatever no other class names.</param>
/// <param name="mergedFrom">Answers from this class on are one; null for none.</param>
sealed class LabelPairSource(string name, IReadOnlyList<(string Key, string Image, string Mask)> pairs, ClassList classes,
    Func<int, LabelMap> read, IReadOnlyList<SkippedMembers> skipped, bool hasBackground = false, int? mergedFrom = null) : ISegmentationSource
{
    public string Name => name;

    public int Count => pairs.Count;

    public ClassList Classes => classes;

    public bool HasBackground => hasBackground;

    public int? MergedFrom => mergedFrom;

    public IReadOnlyList<SkippedMembers> Skipped => skipped;

    public SegmentedImage Read(int index)
    {
        var (key, path, mask) = pairs[index];
        var (image, labels) = (ImageFile.Read(path), read(index));
        return (labels.Width, labels.Height) == (image.Width, image.Height) ? new(key, image, labels) : throw new InvalidDataException(
            $"{mask} is {labels.Width} x {labels.Height}, its image {path} {image.Width} x {image.Height}; they must be of one size");
    }
}
