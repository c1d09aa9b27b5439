using System.Text.Json;

namespace Silc;

/// <summary>
/// Things in images as COCO and LVIS (v1) write them: <c>images</c>, <c>annotations</c> and <c>categories</c> in one JSON file, which is read as a
/// stream. Threads: any number may call.
/// </summary>
public static class CocoFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">As <c>instances_val2017.json</c> or <c>lvis_v1_val.json</c>.</param>
    /// <param name="masks">True reads the pixels of things as well, polygons and runs; it takes several times the memory.</param>
    /// <exception cref="InvalidDataException">A value is missing or makes no sense; the message names the file, the record and the value.</exception>
    public static DetectionTruth Read(string path, bool masks = false)
    {
        var reading = new CocoReading(path, masks);
        var found = JsonRecords.Read(path, ["images", "annotations", "categories"], reading.Add);
        foreach (var section in new[] { "images", "annotations", "categories" })
            if (!found.Contains(section)) throw new InvalidDataException(
                $"{path} has no {section}; a file of instances has images, annotations and categories. Files of captions, of questions and of "
                + "panoptic segments are read by other sources");
        return reading.Finish();
    }
}

/// <summary>What a file of COCO has said so far. Threads: one.</summary>
sealed class CocoReading(string path, bool masks)
{
    readonly List<DetectionImage> images = [];
    readonly List<DetectionCategory> categories = [];
    readonly List<Instance> instances = [];
    readonly List<CocoMask?> shapes = [];
    readonly HashSet<long> ids = [];
    readonly SkipLog log = new();

    public void Add(JsonRecord record)
    {
        switch (record.Section)
        {
            case "images": AddImage(record); break;
            case "categories": AddCategory(record); break;
            default: AddInstance(record); break;
        }
    }

    void AddImage(JsonRecord record) => images.Add(new(record.Id("id"), FileName(record), Side(record, "width"), Side(record, "height"),
        record.Ids("neg_category_ids"), record.Ids("not_exhaustive_category_ids")));

    // LVIS has no file_name: its validation set holds images of COCO's train2017, so the folder belongs to the name.
    static string FileName(JsonRecord record)
    {
        if (record.MaybeText("file_name") is { } name) return name;
        var parts = (record.MaybeText("coco_url") ?? throw record.Odd("file_name", "nor is there a coco_url; it should name the image's file"))
            .Split('/');
        return parts.Length < 2 ? throw record.Odd("coco_url", "it should end in folder/name.jpg") : $"{parts[^2]}/{parts[^1]}";
    }

    static int Side(JsonRecord record, string name) => record.MaybeId(name) switch
    {
        null => 0,
        > 0 and < int.MaxValue and var side => (int)side,
        _ => throw record.Odd(name, "it should be a positive number of pixels"),
    };

    void AddCategory(JsonRecord record) => categories.Add(new(record.Id("id"), record.Text("name"), record.MaybeText("frequency") switch
    {
        null => null,
        ("r" or "c" or "f") and var letter => letter[0],
        _ => throw record.Odd("frequency", "it should be r, c or f"),
    }, record.Texts("synonyms")));

    void AddInstance(JsonRecord record)
    {
        long id = record.MaybeId("id") ?? instances.Count + 1;
        if (!ids.Add(id)) throw record.Odd("id", "an earlier annotation has it, too; give each its own");
        if (id == 0) log.Add("annotation with the id 0, which the official programs take for no match: number from 1", path);
        var box = record.Box("bbox");
        if (box.Width <= 0 || box.Height <= 0)
            log.Add("box without width or height: counts in scores, as in the official programs, and is not trained on", $"annotation {id}");
        var crowd = record.MaybeId("iscrowd") switch
        {
            null or 0 => false,
            1 => true,
            _ => throw record.Odd("iscrowd", "it should be 0 or 1"),
        };
        instances.Add(new(record.Id("image_id"), record.Id("category_id"), box, record.MaybeReal("area") ?? box.Area, crowd, null, id));
        if (masks) shapes.Add(CocoMask.Of(record, "segmentation"));
    }

    public DetectionTruth Finish()
    {
        var byId = new Dictionary<long, DetectionImage>();
        foreach (var image in images)
            if (!byId.TryAdd(image.Id, image)) throw new InvalidDataException($"{path}: two images have the id {image.Id}; give each its own");
        var known = new HashSet<long>();
        foreach (var category in categories)
            if (!known.Add(category.Id)) throw new InvalidDataException($"{path}: two categories have the id {category.Id}; give each its own");
        var all = instances.ToArray();
        ParallelLoop.Run(all.Length, i =>
        {
            var instance = all[i];
            if (!byId.TryGetValue(instance.ImageId, out var image)) throw new InvalidDataException(
                $"{path}: annotation {instance.Id} is of image {instance.ImageId}, which is not among its images; take it out or add the image");
            if (!known.Contains(instance.CategoryId)) throw new InvalidDataException($"{path}: annotation {instance.Id} is of category "
                + $"{instance.CategoryId}, which is not among its categories; take it out or add the category");
            if (instance.Box is { Width: > 0, Height: > 0 } box && image.Width > 0 && image.Height > 0
                && box.Clip(image.Width, image.Height) is null) throw new InvalidDataException(
                $"{path}: annotation {instance.Id} has the box {box.X}, {box.Y}, {box.Width}, {box.Height}, all of it outside of image "
                + $"{image.Id} of {image.Width} x {image.Height} pixels; boxes are left, top, width, height");
            if (masks && shapes[i] is { } shape)
                all[i] = instance with { Mask = shape.ToMask(image, $"{path}: annotation {instance.Id}") };
        });
        return new(Path.GetFileNameWithoutExtension(path), images, categories, all) { Skipped = log.Report() };
    }
}

/// <summary>A mask as a file has it: polygons, runs, or runs as text. Threads: immutable.</summary>
sealed record CocoMask(IReadOnlyList<IReadOnlyList<double>>? Polygons, IReadOnlyList<int>? Runs, string? Text, int Width, int Height)
{
    /// <summary>Null where there is none.</summary>
    public static CocoMask? Of(JsonRecord record, string name)
    {
        if (record.Find(name) is not { } found) return null;
        const string Kinds = "it should be polygons, [[x, y, ...], ...], or runs, {\"size\": [height, width], \"counts\": ...}";
        if (found.ValueKind == JsonValueKind.Array)
        {
            var polygons = new List<IReadOnlyList<double>>();
            foreach (var item in found.EnumerateArray())
                polygons.Add(item.ValueKind == JsonValueKind.Array && item.EnumerateArray().All(value => value.ValueKind == JsonValueKind.Number)
                    ? [.. item.EnumerateArray().Select(value => value.GetDouble())] : throw record.Odd(name, Kinds));
            return polygons.Count == 0 ? null : new(polygons, null, null, 0, 0);
        }
        if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty("counts", out var counts) || !found.TryGetProperty("size", out var size)
            || size.ValueKind != JsonValueKind.Array || size.GetArrayLength() != 2) throw record.Odd(name, Kinds);
        int Whole(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int whole) ? whole : throw record.Odd(name, Kinds);
        var (height, width) = (Whole(size[0]), Whole(size[1]));
        return counts.ValueKind switch
        {
            JsonValueKind.String => new(null, null, counts.GetString(), width, height),
            JsonValueKind.Array => new(null, [.. counts.EnumerateArray().Select(Whole)], null, width, height),
            _ => throw record.Odd(name, Kinds),
        };
    }

    /// <param name="image">Tells polygons their size.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="InvalidDataException">It is no mask of that image.</exception>
    public RunMask ToMask(DetectionImage? image, string name)
    {
        try
        {
            if (image is { Width: > 0, Height: > 0 } && Polygons is null && (image.Width, image.Height) != (Width, Height))
                throw new ArgumentException($"the mask is {Width} wide and {Height} high, its image {image.Width} and {image.Height}; "
                    + "size is written as height, width");
            if (Text is not null) return RunMask.FromText(Text, Width, Height);
            if (Runs is not null) return RunMask.FromRuns(Runs, Width, Height);
            Require.That(image is { Width: > 0, Height: > 0 }, "polygons need width and height of their image");
            return RunMask.FromPolygons(Polygons!, image!.Width, image.Height);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{name}: {error.Message}", error);
        }
    }
}
