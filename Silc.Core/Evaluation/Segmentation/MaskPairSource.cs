namespace Silc;

/// <summary>Images and masks that belong together, wherever they lie: of shards, of a table. Threads: any number may call <see
/// cref="Read"/>.</summary>
sealed class MaskPairSource : ISegmentationSource
{
    readonly IReadOnlyList<(string Key, Func<(RgbImage Image, LabelMap Labels, string Mask)> Read)> pairs;
    readonly MaskLabels labels;

    MaskPairSource(string name, IReadOnlyList<(string, Func<(RgbImage, LabelMap, string)>)> pairs, MaskLabels labels,
        IReadOnlyList<SkippedMembers> skipped) => (Name, this.pairs, this.labels, Skipped) = (name, pairs, labels, skipped);

    /// <summary>Samples of shards: an image and the member of another field, in webdataset's sets <c>.seg.png</c>.</summary>
    /// <param name="pattern">Names the shards.</param>
    /// <param name="labels">What the values of masks mean.</param>
    /// <param name="imageField">Field of images; null takes the usual ones.</param>
    /// <param name="maskField">Field of masks.</param>
    /// <param name="maxMemberBytes">Larger members are left out.</param>
    /// <param name="maxUnpackedBytes">Limit for a compressed shard when unpacked.</param>
    /// <exception cref="InvalidDataException">A sample has no mask; the message names it.</exception>
    public static MaskPairSource OfShards(string pattern, MaskLabels labels, string? imageField, string maskField, long maxMemberBytes,
        long maxUnpackedBytes)
    {
        var shards = new WebDatasetSource(pattern, new ShardFields(imageField, needCaptions: false, mask: maskField), maxMemberBytes,
            maxUnpackedBytes);
        foreach (var sample in shards.Samples)
            if (sample.Truth?.Mask is null)
                throw new InvalidDataException($"{sample.Key} has no mask, .{maskField.TrimStart('.')}; name the field of masks by --mask-field");
        return new(shards.Name, [.. shards.Samples.Select(sample => (sample.Key, (Func<(RgbImage, LabelMap, string)>)(() =>
        {
            var (bytes, name) = sample.ReadMask()!.Value;
            return (sample.ReadImage(), LabelMapFile.Read(bytes, name), name);
        })))], labels, shards.Skipped);
    }

    /// <summary>Rows of a table, each with the paths of an image and of its mask.</summary>
    /// <param name="path">CSV or TSV file; relative paths start from its folder.</param>
    /// <param name="labels">What the values of masks mean.</param>
    /// <param name="imageColumn">Header of the image paths.</param>
    /// <param name="maskColumn">Header of the mask paths.</param>
    /// <param name="separator">Between columns; null detects it.</param>
    /// <exception cref="InvalidDataException">A column, a value or a file is missing; the message names it.</exception>
    public static MaskPairSource OfTable(string path, MaskLabels labels, string imageColumn, string maskColumn, char? separator)
    {
        var table = new CsvSource(path, imageColumn, separator: separator, needCaptions: false, labelColumn: maskColumn);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var files = table.Pairs.Select((pair, i) => (Image: pair.Path, Mask: ImagePath.Of(folder, table.Classes!.NameOf(i)))).ToList();
        foreach (var (image, mask) in files)
            if (!File.Exists(mask)) throw new InvalidDataException($"{path}: {image} has no mask: there is no file {mask}");
        return new(table.Name, [.. files.Select(file => (file.Image, (Func<(RgbImage, LabelMap, string)>)(() =>
            (ImageFile.Read(file.Image), LabelMapFile.Read(file.Mask), file.Mask))))], labels, []);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pairs.Count;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <inheritdoc/>
    public ClassList Classes => labels.Classes;

    /// <inheritdoc/>
    public bool HasBackground => labels.HasBackground;

    /// <inheritdoc/>
    public SegmentedImage Read(int index)
    {
        var (key, read) = pairs[index];
        var (image, map, mask) = read();
        return new(key, image, labels.Apply(map, image, key, mask));
    }
}

/// <summary>What the values of masks mean. Threads: immutable; any number may share it.</summary>
/// <param name="Classes">Names of the labels 0, 1, ….</param>
/// <param name="Ignore">Labels that do not count.</param>
/// <param name="SkipZero">Label 0 does not count and label i is class i - 1: ADE20K.</param>
/// <param name="HasBackground">Class 0 is whatever no other class names.</param>
sealed record MaskLabels(ClassList Classes, IReadOnlySet<int> Ignore, bool SkipZero, bool HasBackground)
{
    /// <summary>A mask as classes.</summary>
    /// <param name="labels">As the file says.</param>
    /// <param name="image">Its image.</param>
    /// <param name="imageName">What errors call the image.</param>
    /// <param name="mask">What errors call the mask.</param>
    /// <exception cref="InvalidDataException">Image and mask are not of one size.</exception>
    public LabelMap Apply(LabelMap labels, RgbImage image, string imageName, string mask) =>
        (labels.Width, labels.Height) == (image.Width, image.Height)
        ? labels.Map(label => Ignore.Contains(label) || SkipZero && label == 0 ? LabelMap.Ignore : SkipZero ? label - 1 : label)
        : throw new InvalidDataException(
            $"{mask} is {labels.Width} x {labels.Height}, its image {imageName} {image.Width} x {image.Height}; they must be of one size");
}
