namespace Silc;

/// <summary>
/// Published sets for segmentation, as they are unpacked, with what their values mean: what does not count becomes
/// <see cref="LabelMap.Ignore"/>, any value that a set does not have is an error which names file, pixel and value. Images and label maps without a
/// partner are listed. Threads: any number may call.
/// </summary>
/// <example>
/// <code>
/// ISegmentationSource voc = SegmentationSets.Voc("VOCdevkit/VOC2012", "val");
/// Console.WriteLine($"{voc.Count} images of {voc.Classes.Count} classes");
/// </code>
/// </example>
public static partial class SegmentationSets
{
    const int Border = 255, AdeClasses = 150, StuffValues = 182;

    static readonly string[] vocNames =
    [
        "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "dining table", "dog", "horse",
        "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor",
    ];

    static readonly (int Value, string Name)[] cityscapes =
    [
        (7, "road"), (8, "sidewalk"), (11, "building"), (12, "wall"), (13, "fence"), (17, "pole"), (19, "traffic light"), (20, "traffic sign"),
        (21, "vegetation"), (22, "terrain"), (23, "sky"), (24, "person"), (25, "rider"), (26, "car"), (27, "truck"), (28, "bus"), (31, "train"),
        (32, "motorcycle"), (33, "bicycle"),
    ];

    static readonly int[] unusedStuff = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90];

    /// <summary>
    /// ADE20K with 150 classes: <c>images/validation</c> and <c>annotations/validation</c>; 0 does not count, value v is class v − 1.
    /// </summary>
    /// <param name="folder">Holds <c>images</c>, <c>annotations</c> and <c>objectInfo150.txt</c>.</param>
    /// <param name="split"><c>training</c> or <c>validation</c>.</param>
    /// <param name="classes">Null reads objectInfo150.txt.</param>
    /// <exception cref="InvalidDataException">A folder or the names are missing, or nothing pairs up.</exception>
    public static ISegmentationSource Ade20k(string folder, string split = "validation", ClassList? classes = null)
    {
        var names = classes ?? AdeNames(Path.Combine(folder, "objectInfo150.txt"));
        RequireClasses(names, AdeClasses, "ADE20K");
        return Paired(folder, split, Path.Combine(folder, "images", split), Path.Combine(folder, "annotations", split), "", "", names,
            LabelMeaning.Listed("0 does not count and 1 to 150 are the classes", [.. Enumerable.Range(1, AdeClasses)], 0));
    }

    /// <summary>
    /// PASCAL VOC: <c>JPEGImages</c> and <c>SegmentationClass</c>, whose palette indices are labels; 255, the border of things, does not count.
    /// Copies that were decoded into the palette's colours are mapped back.
    /// </summary>
    /// <param name="folder">As <c>VOC2012</c>.</param>
    /// <param name="split">A list in <c>ImageSets/Segmentation</c>; null takes all pairs.</param>
    /// <param name="background">False leaves label 0 out, as VOC-20 does.</param>
    /// <exception cref="InvalidDataException">A folder or list is missing, or nothing pairs up.</exception>
    public static ISegmentationSource Voc(string folder, string? split = null, bool background = true)
    {
        var (pairs, log) = VocPairs(folder, split);
        var meaning = LabelMeaning.Listed($"{(background ? "0 is the background" : "0 does not count")}, 1 to 20 are the classes and 255 does not "
            + "count", [.. Enumerable.Range(background ? 0 : 1, background ? 21 : 20)], background ? [Border] : [0, Border]);
        return new LabelPairSource(NameOf(folder, split ?? "all"), pairs, ClassList.Of(vocNames.Skip(background ? 0 : 1)),
            i => meaning.Apply(VocPalette.Read(pairs[i].Mask), pairs[i].Mask), log.Report(), background);
    }

    /// <summary>
    /// COCO-Stuff with 171 classes: <c>images/val2017</c> (or <c>val2017</c>) and <c>stuffthingmaps/val2017</c>; values are ids − 1, eleven of
    /// them unused, 255 does not count.
    /// </summary>
    /// <param name="folder">Holds images and stuffthingmaps.</param>
    /// <param name="split"><c>train2017</c> or <c>val2017</c>.</param>
    /// <exception cref="InvalidDataException">A folder is missing, or nothing pairs up.</exception>
    public static ISegmentationSource CocoStuff(string folder, string split = "val2017")
    {
        using var names = new StreamReader(typeof(SegmentationSets).Assembly.GetManifestResourceStream("coco-stuff.txt")!);
        var images = Path.Combine(folder, "images", split);
        return Paired(folder, split, Directory.Exists(images) ? images : Path.Combine(folder, split), Path.Combine(folder, "stuffthingmaps", split),
            "", "", ClassList.Of(names.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)), LabelMeaning.Listed(
                $"0 to 181 are the classes but for {string.Join(", ", unusedStuff)}, and 255 does not count",
                [.. Enumerable.Range(0, StuffValues).Except(unusedStuff)], Border));
    }

    /// <summary>
    /// Cityscapes with its 19 classes: <c>leftImg8bit/val</c> and the <c>_gtFine_labelIds.png</c> of <c>gtFine/val</c>; all other ids do not
    /// count.
    /// </summary>
    /// <param name="folder">Holds leftImg8bit and gtFine.</param>
    /// <param name="split"><c>train</c> or <c>val</c>.</param>
    /// <exception cref="InvalidDataException">A folder is missing, or nothing pairs up.</exception>
    public static ISegmentationSource Cityscapes(string folder, string split = "val")
    {
        var classes = cityscapes.Index().ToDictionary(entry => entry.Item.Value, entry => entry.Index);
        return Paired(folder, split, Path.Combine(folder, "leftImg8bit", split), Path.Combine(folder, "gtFine", split), "_leftImg8bit",
            "_gtFine_labelIds", ClassList.Of(cityscapes.Select(entry => entry.Name)),
            new("0 to 33 are ids, of which 19 count; 255 is the licence plate", value => value is < 0 or > 33 and not Border ? null
                : classes.GetValueOrDefault(value, LabelMap.Ignore)));
    }

    /// <summary>
    /// COCO's panoptic segments as classes: a JSON file and PNGs whose colours are ids of segments; id 0 does not count. Categories are in the
    /// order of the file: their numbers are not those of COCO-Stuff.
    /// </summary>
    /// <param name="path">As <c>panoptic_val2017.json</c>; its PNGs lie in the folder of that name beside it.</param>
    /// <param name="folder">Of the images; null looks around the file.</param>
    /// <exception cref="InvalidDataException">
    /// A value is missing, an image or PNG is not there; when an image is read, a segment without an entry, or an entry without a segment.
    /// </exception>
    public static ISegmentationSource Panoptic(string path, string? folder = null) => PanopticFile.Open(path, folder);

    static (List<(string Key, string Image, string Mask)>, SkipLog) VocPairs(string folder, string? split)
    {
        var log = new SkipLog();
        var pairs = StemPairs.Of(Path.Combine(folder, "JPEGImages"), Path.Combine(folder, "SegmentationClass"), "", "", log);
        return split is null ? (pairs, log) : InList(pairs, Path.Combine(folder, "ImageSets", "Segmentation", $"{split}.txt"));
    }

    static LabelPairSource Paired(string folder, string split, string images, string masks, string imageSuffix, string maskSuffix,
        ClassList classes, LabelMeaning meaning)
    {
        var log = new SkipLog();
        var pairs = StemPairs.Of(images, masks, imageSuffix, maskSuffix, log);
        return new(NameOf(folder, split), pairs, classes, i => meaning.Apply(LabelMapFile.Read(pairs[i].Mask), pairs[i].Mask), log.Report());
    }

    // Pairs that a list names; what it names and is not there is counted.
    static (List<(string Key, string Image, string Mask)>, SkipLog) InList(List<(string Key, string, string)> pairs, string list)
    {
        if (!File.Exists(list)) throw new InvalidDataException($"there is no {list}, which lists the images of the split");
        var (byKey, log, kept) = (pairs.ToDictionary(pair => pair.Key), new SkipLog(), new List<(string, string, string)>());
        foreach (var line in Utf8File.ReadLines(list).Select(line => line.Trim()).Where(line => line != ""))
        {
            if (byKey.TryGetValue(line, out var pair)) kept.Add(pair);
            else log.Add("name of the split without image or label map", line);
        }
        return kept.Count > 0 ? (kept, log) : throw new InvalidDataException($"none of the images that {list} names is there");
    }

    // A table whose last column has the names of a class, the first one the usual one: "windowpane, window" or "windowpane;window".
    static ClassList AdeNames(string path)
    {
        if (!File.Exists(path)) throw new InvalidDataException($"there is no {path}, which names the classes; fetch it, or name a list by --classes");
        return ClassList.Of(Utf8File.ReadLines(path).Skip(1).Where(line => !string.IsNullOrWhiteSpace(line))
            .Select(line => (IReadOnlyList<string>)line.Split('\t')[^1].Split([',', ';'],
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
    }

    static void RequireClasses(ClassList classes, int wanted, string set)
    {
        if (classes.Count != wanted) throw new InvalidDataException($"{set} has {wanted} classes, the list names {classes.Count}");
    }

    static string NameOf(string folder, string split) =>
        $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}-{split}";
}
