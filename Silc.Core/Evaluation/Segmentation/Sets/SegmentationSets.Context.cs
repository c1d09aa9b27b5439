using System.Globalization;

namespace Silc;

// Pascal Context, and VOC with its names as the background.
public static partial class SegmentationSets
{
    const int AllContextClasses = 459, VocClasses = 20;

    static readonly string[] contextNames =
    [
        "aeroplane", "bag", "bed", "bedclothes", "bench", "bicycle", "bird", "boat", "book", "bottle", "building", "bus", "cabinet", "car", "cat",
        "ceiling", "chair", "cloth", "computer", "cow", "cup", "curtain", "dog", "door", "fence", "floor", "flower", "food", "grass", "ground",
        "horse", "keyboard", "light", "motorbike", "mountain", "mouse", "person", "plate", "platform", "potted plant", "road", "rock", "sheep",
        "shelves", "sidewalk", "sign", "sky", "snow", "sofa", "dining table", "track", "train", "tree", "truck", "tv monitor", "wall", "water",
        "window", "wood",
    ];

    /// <summary>
    /// Pascal Context with 59 classes, in one of three forms: <c>annotations_detectron2/pc59_val</c>, whose values are classes and 255 does not
    /// count; <c>SegmentationClassContext</c>, where value v is class v − 1, 0, the background, does not count, and the split is a list in
    /// <c>ImageSets/SegmentationContext</c>; or <c>trainval_merged.json</c> as it is published.
    /// </summary>
    /// <param name="folder">As <c>VOC2010</c>; holds <c>JPEGImages</c>.</param>
    /// <param name="split"><c>train</c> or <c>val</c>.</param>
    /// <exception cref="InvalidDataException">No form is there, a value is none of the set, or nothing pairs up.</exception>
    public static ISegmentationSource PascalContext59(string folder, string split = "val")
    {
        var (classes, images) = (ClassList.Of(contextNames), Path.Combine(folder, "JPEGImages"));
        var converted = Path.Combine(folder, "annotations_detectron2", $"pc59_{split}");
        if (Directory.Exists(converted)) return Context(folder, split, converted, classes, LabelMeaning.Listed(
            "0 to 58 are the classes and 255 does not count", [.. Enumerable.Range(0, contextNames.Length)], Border));
        var maps = Path.Combine(folder, "SegmentationClassContext");
        if (Directory.Exists(maps))
        {
            var (pairs, log) = InList(StemPairs.Of(images, maps, "", "", new()),
                Path.Combine(folder, "ImageSets", "SegmentationContext", $"{split}.txt"));
            var meaning = LabelMeaning.Listed("0, the background, and 255 do not count, and 1 to 59 are the classes",
                [.. Enumerable.Range(1, contextNames.Length)], 0, Border);
            return new LabelPairSource(NameOf(folder, split), pairs, classes, i => meaning.Apply(LabelMapFile.Read(pairs[i].Mask), pairs[i].Mask),
                log.Report());
        }
        var json = Path.Combine(folder, "trainval_merged.json");
        return File.Exists(json) ? PascalContextFile.Open(json, images, split, NameOf(folder, split), classes) : throw new InvalidDataException(
            $"there is none of {converted}, {maps} and {json}; fetch the last one, it needs no conversion");
    }

    /// <summary>
    /// Pascal Context with 459 classes: <c>annotations_detectron2/pc459_val</c> as CAT-Seg's script makes it of the MATLAB files, maps of 16 bits
    /// (TIFF or PNG) whose values are <c>LabelMap</c> − 1; 65,535 does not count, 255 is a class.
    /// </summary>
    /// <param name="folder">As <c>VOC2010</c>; holds <c>JPEGImages</c>.</param>
    /// <param name="split"><c>train</c> or <c>val</c>.</param>
    /// <param name="classes">Null reads <c>labels.txt</c>, whose lines are <c>1: accordion</c>.</param>
    /// <exception cref="InvalidDataException">
    /// A folder or the names are missing, the maps are still MATLAB's, a value is none of the set, or nothing pairs up.
    /// </exception>
    public static ISegmentationSource PascalContext459(string folder, string split = "val", ClassList? classes = null)
    {
        var names = classes ?? ContextNames(Path.Combine(folder, "labels.txt"));
        RequireClasses(names, AllContextClasses, "Pascal Context in full");
        var converted = Path.Combine(folder, "annotations_detectron2", $"pc459_{split}");
        if (!Directory.Exists(converted)) throw new InvalidDataException($"there is no {converted}"
            + (Directory.Exists(Path.Combine(folder, "trainval")) ? $"; {Path.Combine(folder, "trainval")} has MATLAB's files, which are not read: "
                + "write LabelMap - 1 of each that the split names as a PNG or TIFF of 16 bits of its name into that folder, by scipy.io.loadmat or "
                + "CAT-Seg's prepare_pascal_context_459.py" : ", where the label maps should be"));
        return Context(folder, split, converted, names, LabelMeaning.Listed("0 to 458 are the classes and 65535 does not count",
            [.. Enumerable.Range(0, AllContextClasses)], ushort.MaxValue));
    }

    /// <summary>
    /// PASCAL VOC as VOC-20b asks it: its 20 things, and as the background, class 20, the 39 names that Pascal Context has besides. All answers from
    /// class 20 on count as the background (<see cref="ISegmentationSource.MergedFrom"/>).
    /// </summary>
    /// <inheritdoc cref="Voc"/>
    public static ISegmentationSource Voc20b(string folder, string? split = null)
    {
        var (pairs, log) = VocPairs(folder, split);
        var meaning = new LabelMeaning("0 is the background, 1 to 20 are the classes and 255 does not count",
            value => value switch { 0 => VocClasses, Border => LabelMap.Ignore, >= 1 and <= VocClasses => value - 1, _ => null });
        return new LabelPairSource(NameOf(folder, split ?? "all"), pairs, ClassList.Of([.. vocNames[1..], .. contextNames.Except(vocNames)]),
            i => meaning.Apply(VocPalette.Read(pairs[i].Mask), pairs[i].Mask), log.Report(), mergedFrom: VocClasses);
    }

    // JPEGImages has the images of all splits.
    static LabelPairSource Context(string folder, string split, string maps, ClassList classes, LabelMeaning meaning)
    {
        var log = new SkipLog();
        var pairs = StemPairs.Of(Path.Combine(folder, "JPEGImages"), maps, "", "", log, part: true);
        return new(NameOf(folder, split), pairs, classes, i => meaning.Apply(LabelMapFile.Read(pairs[i].Mask), pairs[i].Mask), log.Report());
    }

    static ClassList ContextNames(string path)
    {
        if (!File.Exists(path)) throw new InvalidDataException($"there is no {path}, which names the classes; fetch it, or name a list by --classes");
        var named = Utf8File.ReadLines(path).Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).Where(parts => parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id > 0).ToList();
        foreach (var (i, parts) in named.Index())
            if (int.Parse(parts[0], CultureInfo.InvariantCulture) != i + 1)
                throw new InvalidDataException($"{path}: class {i + 1} should follow, and {parts[0]} does; fetch the file again");
        return ClassList.Of(named.Select(parts => parts[1]));
    }
}
