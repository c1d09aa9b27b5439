namespace Silc;

/// <summary>
/// Pascal Context's segments as they are published, <c>trainval_merged.json</c>: of each image masks as runs, of which a later one lies on top.
/// Threads: any number may call.
/// </summary>
static class PascalContextFile
{
    // The numbers of the 59 classes among all 459, in the order of their names.
    static readonly int[] numbers =
    [
        2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98, 104, 105, 113, 115, 144, 158, 159, 162, 187, 189, 207, 220, 232,
        258, 259, 260, 284, 295, 296, 308, 324, 326, 347, 349, 354, 355, 360, 366, 368, 397, 415, 416, 420, 424, 427, 440, 445, 454, 458,
    ];

    /// <summary>The images of a split with the classes of their pixels; what is of none of the 59 does not count.</summary>
    /// <param name="path">The file, which is read twice, as a stream.</param>
    /// <param name="folder">Of the images.</param>
    /// <param name="split">Their <c>phase</c>.</param>
    /// <param name="name">Of the source.</param>
    /// <param name="classes">The 59 names.</param>
    /// <exception cref="InvalidDataException">A value is missing or makes no sense, or no image of the split is there.</exception>
    public static ISegmentationSource Open(string path, string folder, string split, string name, ClassList classes)
    {
        var images = new Dictionary<string, (DetectionImage Info, List<(int Label, CocoMask Mask)> Segments)>();
        var found = JsonRecords.Read(path, ["images"], record =>
        {
            if (record.Text("phase") != split) return;
            var info = new DetectionImage(images.Count, record.Text("file_name"), Side(record, "width"), Side(record, "height"));
            if (!images.TryAdd(KeyOf(record), (info, []))) throw record.Odd("image_id", "an earlier image has it, too");
        });
        if (found.Count == 0) throw new InvalidDataException($"{path} has no images; it should be Pascal Context's trainval_merged.json");
        if (images.Count == 0) throw new InvalidDataException($"{path} has no image of the phase {split}; say --split train or val");
        found = JsonRecords.Read(path, ["annos_segmentation"], record =>
        {
            if (!images.TryGetValue(KeyOf(record), out var image)) return;
            int label = Array.BinarySearch(numbers, (int)record.Id("category_id"));
            image.Segments.Add((label < 0 ? LabelMap.Ignore : label,
                CocoMask.Of(record, "segmentation") ?? throw record.Odd("segmentation", "it should be runs")));
        });
        if (found.Count == 0) throw new InvalidDataException($"{path} has no annos_segmentation; it should be Pascal Context's trainval_merged.json");
        var (log, kept) = (new SkipLog(), new List<((string Key, string Image, string Mask) Pair, string Id)>());
        foreach (var (id, image) in images)
        {
            var file = Path.Combine(folder, image.Info.FileName);
            if (!File.Exists(file)) log.Add(SkipReason.NotThere, file);
            else if (image.Segments.Count == 0) log.Add(SkipReason.NoMask, file);
            else kept.Add(((Path.ChangeExtension(image.Info.FileName, null), file, $"{path}, image {id}"), id));
        }
        if (kept.Count == 0) throw new InvalidDataException($"no image of the phase {split} in {path} is in {folder}; unpack VOC2010 there");
        return new LabelPairSource(name, [.. kept.Select(entry => entry.Pair)], classes, i => Draw(images[kept[i].Id], kept[i].Pair.Mask),
            log.Report());
    }

    static LabelMap Draw((DetectionImage Info, List<(int Label, CocoMask Mask)> Segments) image, string name)
    {
        var labels = new int[image.Info.Width * image.Info.Height];
        Array.Fill(labels, LabelMap.Ignore);
        foreach (var (label, mask) in image.Segments)
            foreach (var (i, inside) in mask.ToMask(image.Info, name).ToPixels().Index())
                if (inside) labels[i] = label;
        return new(image.Info.Width, image.Info.Height, labels);
    }

    // As 2008000002 or "2008_000002".
    static string KeyOf(JsonRecord record) => record.Find("image_id")?.ToString() ?? throw record.Odd("image_id", "it should be there");

    static int Side(JsonRecord record, string name) =>
        record.Id(name) is > 0 and < int.MaxValue and var side ? (int)side : throw record.Odd(name, "it should be a positive number of pixels");
}
