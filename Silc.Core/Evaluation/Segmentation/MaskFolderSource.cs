namespace Silc;

/// <summary>
/// Images and masks as files: <c>images/street.jpg</c> with <c>masks/street.png</c>, whose grey values or palette indices are
/// the labels: PASCAL VOC, ADE20K, Cityscapes, COCO-Stuff. Subfolders pair up as well. Threads: any number may call <see cref="Read"/>.
/// </summary>
public sealed class MaskFolderSource : ISegmentationSource
{
    readonly (string Key, string Image, string Mask)[] files;
    readonly MaskLabels meaning;

    /// <summary>Lists the folder; pairs are in the order of their paths.</summary>
    /// <param name="path">Holds <c>images</c> and <c>masks</c>.</param>
    /// <param name="classes">Names of the labels 0, 1, ….</param>
    /// <param name="ignore">Labels that do not count; null means 255, as in PASCAL VOC.</param>
    /// <param name="skipZero">Label 0 does not count and label i is class i - 1: ADE20K.</param>
    /// <param name="hasBackground">Class 0 is whatever no other class names.</param>
    /// <exception cref="InvalidDataException">A folder or a mask is missing; the message names it.</exception>
    public MaskFolderSource(string path, ClassList classes, IReadOnlyCollection<int>? ignore = null, bool skipZero = false,
        bool hasBackground = false)
    {
        meaning = new(classes, new HashSet<int>(ignore ?? [255]), skipZero, hasBackground);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var (images, masks) = (Path.Combine(path, "images"), Path.Combine(path, "masks"));
        foreach (var folder in (string[])[images, masks])
            if (!Directory.Exists(folder)) throw new InvalidDataException(
                $"{path} has no folder {Path.GetFileName(folder)}; it should hold images and masks");
        var log = new SkipLog();
        files = [.. DataFolder.Files(images, log).Where(file => IsRead(file, log))
            .Select(file => (Path.GetRelativePath(images, file), file,
                Path.ChangeExtension(Path.Combine(masks, Path.GetRelativePath(images, file)), ".png")))];
        Skipped = log.Report();
        if (files.Length == 0) throw new InvalidDataException($"{images} holds no images");
        foreach (var (_, image, mask) in files)
            if (!File.Exists(mask)) throw new InvalidDataException(Missing(image, mask));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => files.Length;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <inheritdoc/>
    public ClassList Classes => meaning.Classes;

    /// <inheritdoc/>
    public bool HasBackground => meaning.HasBackground;

    /// <inheritdoc/>
    public SegmentedImage Read(int index)
    {
        var (key, path, mask) = files[index];
        var image = ImageFile.Read(path);
        return new(key, image, meaning.Apply(LabelMapFile.Read(mask), image, path, mask));
    }

    // The mask may be there in another format.
    static string Missing(string image, string mask)
    {
        var folder = Path.GetDirectoryName(mask)!;
        var name = Path.GetFileNameWithoutExtension(mask);
        var other = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == name) : null;
        if (other is null) return $"{image} has no mask: there is no file {mask}";
        var why = Path.GetExtension(other).ToLowerInvariant() is ".jpg" or ".jpeg" or ".webp"
            ? "a lossy format, which mixes the labels of neighbours: write it again from its source as a PNG" : "masks must be PNG: convert it";
        return $"{image} has the mask {other}, {why}";
    }

    static bool IsRead(string file, SkipLog log)
    {
        if (UnreadImage.Reason(file) is { } reason) log.Add(reason, file);
        return ImageFile.IsImage(file);
    }
}
