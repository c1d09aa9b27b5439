using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary>Sets as they are published, by <c>NAME:PATH</c>: <c>voc:VOC2012</c>, <c>coco:instances_val2017.json</c>.</summary>
static class PublishedSets
{
    const string Ade = "ade20k:", Ade847 = "ade847:", Voc = "voc:", Voc20 = "voc20:", Voc20b = "voc20b:", Context59 = "context59:",
        Context459 = "context459:", Stuff = "cocostuff:", Cityscapes = "cityscapes:", PanopticSet = "panoptic:",
        Coco = "coco:", Lvis = "lvis:", CocoCaptions = "captions:", Karpathy = "karpathy:", Vqa = "vqa:", RefCoco = "refcoco:",
        ImageNet = "imagenet:";

    public static readonly Option<string?> Split = new("--split")
    {
        Description = "Of a published set, the part: training or validation of ADE20K, train or val of VOC, Pascal Context, Cityscapes and ImageNet, "
            + "train2017 or val2017 of COCO-Stuff, train, val or test of Karpathy's, train, val, testA, testB or test of RefCOCO.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> ImageFolder = new("--image-folder")
    {
        Description = "Of a published set that is a JSON file, where its images are; usually found beside it.",
        HelpName = "FOLDER",
    };

    /// <summary>Those with the class of each pixel.</summary>
    public static IReadOnlyList<string> WithLabelMaps { get; } = [Ade, Ade847, Voc, Voc20, Voc20b, Context59, Context459, Stuff,
        Cityscapes, PanopticSet];

    /// <summary>Those with things in boxes.</summary>
    public static IReadOnlyList<string> WithInstances { get; } = [Coco, Lvis];

    /// <summary>Those with captions, or with classes that become some.</summary>
    public static IReadOnlyList<string> WithCaptions { get; } = [CocoCaptions, Karpathy, ImageNet];

    /// <summary>Those with questions.</summary>
    public static IReadOnlyList<string> WithQuestions { get; } = [Vqa];

    /// <summary>Those with sentences that each speak of one thing.</summary>
    public static IReadOnlyList<string> WithReferences { get; } = [RefCoco];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. WithLabelMaps, .. WithInstances, .. WithCaptions, .. WithQuestions, .. WithReferences];

    /// <summary>How to write some of them.</summary>
    public static string Help(IEnumerable<string> sets) =>
        string.Join(", ", sets.Select(set => $"{set}{(IsFile(set) ? "FILE.json" : "FOLDER")}"));

    static bool IsFile(string set) => set is PanopticSet or Coco or Lvis or CocoCaptions or Karpathy or Vqa or RefCoco;

    public static bool IsOneOf(string data, IEnumerable<string> sets) => sets.Any(set => data.StartsWith(set, StringComparison.Ordinal));

    /// <summary>What stands behind the name of a set; null for other data.</summary>
    public static string? PathOf(string data) => All.FirstOrDefault(set => data.StartsWith(set, StringComparison.Ordinal)) is { } set
        ? data[set.Length..] : null;

    /// <summary>True for captions that go by the ids of COCO's images.</summary>
    public static bool WithIds(string data) => IsOneOf(data, [CocoCaptions, Karpathy]);

    /// <summary>True for LVIS, which is measured by rules of its own.</summary>
    public static bool IsLvis(string data) => data.StartsWith(Lvis, StringComparison.Ordinal);

    /// <summary>Images with the class of each pixel; null for other data.</summary>
    /// <param name="data">The value of <c>--data</c>.</param>
    /// <param name="parsed">Its split and the folder of its images.</param>
    /// <param name="classes">A list of names in place of the set's own; null takes these.</param>
    public static ISegmentationSource? Segmentation(string data, ParseResult parsed, string? classes = null)
    {
        if (!IsOneOf(data, WithLabelMaps)) return null;
        var (path, split) = (Existing(data), parsed.GetValue(Split));
        var isNamed = Set(data) is Ade or Ade847 or Context459;
        if (!data.StartsWith(PanopticSet, StringComparison.Ordinal)) RefuseFolder(data, parsed);
        else if (split is not null) throw new ArgumentException($"--split {split}: {data} is one part already");
        if (classes is not null && !isNamed)
            throw new ArgumentException($"--classes {classes}: the classes of {data} are known; it is for {Ade}, {Ade847}, {Context459} and masks");
        if (classes is not null && !File.Exists(classes)) throw new FileNotFoundException($"--classes {classes}: no such file");
        var names = classes is null || Set(data) == Ade847 ? null : ClassList.Read(classes);
        return Set(data) switch
        {
            Ade => SegmentationSets.Ade20k(path, split ?? "validation", names),
            Ade847 => SegmentationSets.Ade847(path, split ?? "validation", classes ?? throw new ArgumentException(
                $"--data {data} needs --classes FILE, the 847 names in their order; with the maps as published, each after its id and a tab")),
            Voc => SegmentationSets.Voc(path, split),
            Voc20b => SegmentationSets.Voc20b(path, split),
            Context59 => SegmentationSets.PascalContext59(path, split ?? "val"),
            Context459 => SegmentationSets.PascalContext459(path, split ?? "val", names),
            Voc20 => SegmentationSets.Voc(path, split, background: false),
            Stuff => SegmentationSets.CocoStuff(path, split ?? "val2017"),
            Cityscapes => SegmentationSets.Cityscapes(path, split ?? "val"),
            _ => SegmentationSets.Panoptic(path, parsed.GetValue(ImageFolder)),
        };
    }

    /// <summary>Images with things in boxes; null for other data.</summary>
    public static IInstanceSource? Instances(string data, ParseResult parsed)
    {
        if (!IsOneOf(data, WithInstances)) return null;
        RefuseSplit(data, parsed);
        return new CocoSource(Existing(data), parsed.GetValue(ImageFolder));
    }

    /// <summary>Images with captions; null for other data.</summary>
    public static IImageTextSource? Captions(string data, ParseResult parsed)
    {
        if (!IsOneOf(data, WithCaptions)) return null;
        var (path, folder) = (Existing(data), parsed.GetValue(ImageFolder));
        if (Set(data) == ImageNet)
        {
            RefuseFolder(data, parsed);
            return new ImageNetSource(path, parsed.GetValue(Split) ?? "train");
        }
        if (Set(data) != Karpathy) RefuseSplit(data, parsed);
        var source = Set(data) == Karpathy ? CaptionJsonSource.Karpathy(path, SplitOf(data, parsed), folder) : CaptionJsonSource.Coco(path, folder);
        if (parsed.GetValue(LossOptions.Boxes) is not { } boxes) return source;
        return File.Exists(boxes) ? new BoxedCaptions(source, CocoFile.Read(boxes))
            : throw new FileNotFoundException($"{LossOptions.Boxes.Name} {boxes}: no such file; COCO's is instances_train2017.json");
    }

    /// <summary>Captions by the id of their image, which need not be there; null for other data.</summary>
    public static IReadOnlyDictionary<long, IReadOnlyList<string>>? ReferenceCaptions(string data, ParseResult parsed) => Set(data) switch
    {
        CocoCaptions => CaptionJsonSource.CocoReferences(Existing(data)),
        Karpathy => CaptionJsonSource.KarpathyReferences(Existing(data), SplitOf(data, parsed)),
        _ => null,
    };

    /// <summary>Questions about images; null for other data.</summary>
    public static VqaSource? Questions(string data, ParseResult parsed)
    {
        if (!IsOneOf(data, WithQuestions)) return null;
        RefuseSplit(data, parsed);
        return new VqaSource(Existing(data), null, parsed.GetValue(ImageFolder));
    }

    /// <summary>Sentences that each speak of one thing; null for other data.</summary>
    public static IReferenceSource? References(string data, ParseResult parsed) => !IsOneOf(data, WithReferences) ? null
        : new RefCocoSource(Existing(data), parsed.GetValue(Split)
            ?? throw new ArgumentException($"--data {data} needs --split: train, val, testA, testB, or of RefCOCOg test"),
            parsed.GetValue(ImageFolder));

    static string? Set(string data) => All.FirstOrDefault(set => data.StartsWith(set, StringComparison.Ordinal));

    /// <summary>The path of a set, which must be there.</summary>
    /// <exception cref="FileNotFoundException">It is not; the message says what it should be.</exception>
    public static string Existing(string data)
    {
        var (path, file) = (PathOf(data)!, IsFile(Set(data)!));
        return (file ? File.Exists(path) : Directory.Exists(path)) ? path
            : throw new FileNotFoundException($"--data {data}: no {(file ? "file" : "folder")} {path}; say {Help([Set(data)!])}");
    }

    static string SplitOf(string data, ParseResult parsed) => parsed.GetValue(Split)
        ?? throw new ArgumentException($"--data {data} needs --split: {string.Join(", ", CaptionJsonSource.Splits)}");

    static void RefuseSplit(string data, ParseResult parsed)
    {
        if (parsed.GetValue(Split) is { } split) throw new ArgumentException($"--split {split}: {data} is one part already");
    }

    static void RefuseFolder(string data, ParseResult parsed)
    {
        if (parsed.GetValue(ImageFolder) is { } folder)
            throw new ArgumentException($"--image-folder {folder} is for sets that are JSON files, not for {data}");
    }
}
