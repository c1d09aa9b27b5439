namespace Silc;

/// <summary>Images and label maps that bear one name, but for their ending and a suffix. Threads: any number may call.</summary>
static class StemPairs
{
    static readonly string[] lossy = [".jpg", ".jpeg", ".webp"], exact = [".png", ".tif", ".tiff"];

    /// <summary>The pairs in the order of their names; what has no partner is counted.</summary>
    /// <param name="images">Folder of the images, with those below it.</param>
    /// <param name="masks">Folder of the label maps.</param>
    /// <param name="imageSuffix">Before the ending of images, as <c>_leftImg8bit</c>; other images are passed over.</param>
    /// <param name="maskSuffix">Before the ending of label maps, as <c>_gtFine_labelIds</c>; others are passed over.</param>
    /// <param name="log">Is told what has no partner.</param>
    /// <param name="part">The folders hold more images than the set: those without a label map are of another part, and not counted.</param>
    /// <exception cref="InvalidDataException">
    /// A folder is missing, a label map is of a lossy format, an image has two, or there is no pair.
    /// </exception>
    public static List<(string Key, string Image, string Mask)> Of(string images, string masks, string imageSuffix, string maskSuffix, SkipLog log,
        bool part = false)
    {
        foreach (var folder in (string[])[images, masks])
            if (!Directory.Exists(folder)) throw new InvalidDataException($"there is no folder {folder}; unpack the set as it is published");
        var maps = DataFolder.Files(masks, new()).ToList();
        var byKey = new Dictionary<string, string>();
        foreach (var file in maps.Where(file => exact.Contains(Path.GetExtension(file).ToLowerInvariant())))
            if (KeyOf(masks, file, maskSuffix) is { } key && !byKey.TryAdd(key, file))
                throw new InvalidDataException($"{byKey[key]} and {file} are label maps of one image; remove one of them");
        var blurred = maps.Where(file => lossy.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Select(file => (Key: KeyOf(masks, file, maskSuffix), file)).Where(map => map.Key is not null).ToLookup(map => map.Key!, map => map.file);
        var pairs = new List<(string, string, string)>();
        foreach (var file in DataFolder.Files(images, log).Where(ImageFile.IsImage))
        {
            if (KeyOf(images, file, imageSuffix) is not { } key) continue;
            if (byKey.Remove(key, out var mask)) pairs.Add((key, file, mask));
            else if (Path.GetFullPath(images) != Path.GetFullPath(masks) && blurred[key].FirstOrDefault() is { } wrong)
                throw new InvalidDataException($"{file} has the label map {wrong}, of a lossy format, which mixes the labels of neighbours: "
                    + "write it again from its source as a PNG");
            else if (!part) log.Add(SkipReason.NoMask, file);
        }
        foreach (var alone in byKey.Values.Order(StringComparer.Ordinal)) log.Add(SkipReason.MaskAlone, alone);
        return pairs.Count > 0 ? pairs : throw new InvalidDataException($"no image of {images} has a label map in {masks}: that of "
            + $"street{imageSuffix}.jpg is street{maskSuffix}.png");
    }

    // The name from the folder, without ending and suffix; null for a file of another suffix.
    static string? KeyOf(string folder, string file, string suffix)
    {
        var name = Path.ChangeExtension(Path.GetRelativePath(folder, file), null);
        return name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : null;
    }
}
