namespace Silc;

/// <summary>COCO's panoptic segments: a JSON file, and a PNG an image whose colours are ids. Threads: any number may call.</summary>
static class PanopticFile
{
    /// <inheritdoc cref="SegmentationSets.Panoptic"/>
    public static ISegmentationSource Open(string path, string? folder)
    {
        var images = new Dictionary<long, string>();
        var annotations = new List<(long Image, string File, Dictionary<int, long> Segments)>();
        var categories = new List<(long Id, string Name)>();
        var found = JsonRecords.Read(path, ["images", "annotations", "categories"], record =>
        {
            if (record.Section == "images")
            {
                if (!images.TryAdd(record.Id("id"), record.Text("file_name"))) throw record.Odd("id", "an earlier image has it, too");
            }
            else if (record.Section == "categories") categories.Add((record.Id("id"), record.Text("name")));
            else annotations.Add((record.Id("image_id"), record.Text("file_name"), Segments(record)));
        });
        if (found.Count < 3 || annotations.Count == 0 || annotations.TrueForAll(annotation => annotation.Segments.Count == 0))
            throw new InvalidDataException($"{path} has no images, annotations with segments_info and categories; it should be a panoptic file");
        var labels = categories.Index().ToDictionary(entry => entry.Item.Id, entry => entry.Index);
        var stray = annotations.SelectMany(annotation => annotation.Segments.Values).FirstOrDefault(id => !labels.ContainsKey(id), -1);
        if (stray >= 0) throw new InvalidDataException($"{path}: a segment is of category {stray}, which is not among its categories");
        var maps = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileNameWithoutExtension(path));
        if (!Directory.Exists(maps)) throw new InvalidDataException($"there is no folder {maps}, where the PNGs of {path} belong; unpack them there");
        foreach (var (image, file, _) in annotations)
            if (!images.ContainsKey(image)) throw new InvalidDataException($"{path}: {file} is of image {image}, which is not among its images");
        var root = AnnotatedImages.Find(path, folder, annotations.Select(annotation => images[annotation.Image]));
        var (log, kept) = (new SkipLog(), new List<((string Key, string Image, string Mask) Pair, Dictionary<int, long> Segments)>());
        foreach (var (image, file, segments) in annotations)
        {
            var (photo, map) = (Path.Combine(root, images[image]), Path.Combine(maps, file));
            if (!File.Exists(photo)) log.Add(SkipReason.NotThere, photo);
            else if (!File.Exists(map)) log.Add(SkipReason.NoMask, photo);
            else kept.Add(((Path.ChangeExtension(images[image], null), photo, map), segments));
        }
        if (kept.Count == 0) throw new InvalidDataException($"no image of {path} is there with its PNG");
        return new LabelPairSource(Path.GetFileNameWithoutExtension(path), [.. kept.Select(entry => entry.Pair)],
            ClassList.Of(categories.Select(category => category.Name)), i => Read(kept[i].Pair.Mask, kept[i].Segments, labels, path), log.Report());
    }

    static Dictionary<int, long> Segments(JsonRecord record)
    {
        var segments = new Dictionary<int, long>();
        foreach (var segment in record.Records("segments_info"))
            if (!segments.TryAdd((int)segment.Id("id"), segment.Id("category_id"))) throw segment.Odd("id", "an earlier segment has it, too");
        return segments;
    }

    static LabelMap Read(string mask, Dictionary<int, long> segments, Dictionary<long, int> labels, string path)
    {
        var map = LabelMapFile.ReadColours(File.ReadAllBytes(mask), mask);
        var seen = new HashSet<int>();
        int At(int id)
        {
            seen.Add(id);
            if (id == 0) return LabelMap.Ignore;
            return segments.TryGetValue(id, out long category) ? labels[category] : throw new InvalidDataException(
                $"{mask} has the segment {id}, of which {path} says nothing; the two are of different releases");
        }

        var classes = map.Map(At);
        if (segments.Keys.FirstOrDefault(id => !seen.Contains(id)) is > 0 and var missing) throw new InvalidDataException(
            $"{path} has the segment {missing} of {mask}, where no pixel has that id; the two are of different releases");
        return classes;
    }
}
