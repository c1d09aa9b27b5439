using System.CommandLine;
using System.Globalization;
using Silc.Samples.Data;

namespace Silc.Samples.Options;

/// <summary>What <c>silc eval segmentation</c> segments, and how.</summary>
static class SegmentationOptions
{
    const string MaskPrefix = "masks:";
    const int UsualScenes = 200, ProbeScenes = 800, Seed = 1_000_003, KnownSeed = 2_000_003, DemoSize = 96, EmojiSize = 128;

    static readonly Option<string> Data = new("--data")
    {
        Description = "demo or demo:hard (scenes drawn by the program, by colour and by shape), emoji:FOLDER (emoji placed on "
            + "backgrounds), masks:FOLDER with images/ and masks/ of PNG files, shards whose samples have .seg.png, or FILE.csv with --mask-column; "
            + $"published sets: {PublishedSets.Help(PublishedSets.WithLabelMaps)}.",
        HelpName = "demo|demo:hard|emoji:FOLDER|masks:FOLDER|SHARDS.tar|FILE.csv|SET:PATH",
        Required = true,
    };

    static readonly Option<string?> Classes = new("--classes")
    {
        Description = "For masks: a file whose line n names label n, further names after "
        + "commas. A first class 'background' is one.",
        HelpName = "FILE"
    };
    static readonly Option<string?> MaskField = new("--mask-field")
    {
        Description = $"Of shards, the ending of masks; usually {ShardFields.UsualMask}.",
        HelpName = "NAME",
    };
    static readonly Option<string?> MaskColumn = new("--mask-column") { Description = "Of a table, the column of mask paths.", HelpName = "NAME" };
    static readonly Option<string> Ignore = new("--ignore")
    {
        Description = "For masks: the labels that do not count, with commas between, or "
        + "none.",
        HelpName = "LABELS",
        DefaultValueFactory = _ => "255"
    };
    static readonly Option<bool> SkipZero = new("--skip-zero")
    {
        Description = "For masks: label 0 does not count and label 1 is the first class, "
        + "as in ADE20K."
    };
    static readonly Option<int> Images = new("--images", "--pictures")
    {
        Description = $"For demo and emoji: scenes to draw; to train a head or a probe on, {ProbeScenes} unless given.",
        HelpName = "N",
        DefaultValueFactory = _ => UsualScenes
    };
    static readonly Option<string?> Photographs = new("--photographs")
    {
        Description = "For emoji: a folder of images to place them on, instead of "
        + "drawn backgrounds.",
        HelpName = "FOLDER"
    };
    static readonly Option<string> Background = new("--background")
    {
        Description = "none: pixels of the background do not count. words: it competes by its own names. A probability: what no class reaches is "
            + "background.",
        HelpName = "none|words|P",
        DefaultValueFactory = _ => "none",
    };

    static readonly Option<DemoTask> Task = new("--task")
    {
        Description = "For demo: what the classes are, colours, shapes, or both as one (kind).",
        HelpName = "colour|shape|kind",
        DefaultValueFactory = _ => DemoTask.Colour,
    };

    static readonly Option<int?> Window = new("--window")
    {
        Description = "Side of what the model sees at once, in pixels; its own training size "
        + "unless given.",
        HelpName = "PIXELS"
    };
    static readonly Option<int?> ShortSide = new("--short-side")
    {
        Description = "Slide the window over the image, resized so that its shorter side "
        + "has this many pixels; otherwise the whole image is squashed into one.",
        HelpName = "PIXELS"
    };
    static readonly Option<int?> Stride = new("--stride")
    {
        Description = "Pixels from one window to the next; three quarters of a window unless "
        + "given.",
        HelpName = "PIXELS"
    };

    static readonly Option[] reading =
        [DataOption.ImageColumn, DataOption.Separator, DataOption.ImageField, DataOption.MaxMember, DataOption.MaxUnpacked, PublishedSets.Split,
            PublishedSets.ImageFolder];

    public static IReadOnlyList<Option> All { get; } = [Data, Classes, MaskField, MaskColumn, .. reading, Ignore, SkipZero, Images, Photographs,
        Background, Window, ShortSide, Stride];

    /// <summary>The same for a probe, which sees whole images and learns what is background.</summary>
    public static IReadOnlyList<Option> ForProbes { get; } =
        [Data, Classes, MaskField, MaskColumn, .. reading, Ignore, SkipZero, Images, Photographs];

    /// <summary>The same for a head, which is trained or asked with a background or without.</summary>
    public static IReadOnlyList<Option> ForHeads { get; } = [.. ForProbes, Background, Task];

    /// <summary>What a head sees of an image at once.</summary>
    public static IReadOnlyList<Option> Seeing { get; } = [Window, ShortSide, Stride];

    public static string DataOf(ParseResult parsed) => parsed.GetRequiredValue(Data);

    /// <summary>The demo and emoji are asked for as their captions were written.</summary>
    public static bool IsMasks(ParseResult parsed) => IsFolder(DataOf(parsed)) || DataOption.IsShards(DataOf(parsed))
        || DataOption.IsTable(DataOf(parsed)) || IsPublished(DataOf(parsed));

    static bool IsPublished(string data) => PublishedSets.IsOneOf(data, PublishedSets.WithLabelMaps);

    static bool IsFolder(string data) => data.StartsWith(MaskPrefix, StringComparison.Ordinal);

    public static IEnumerable<ISegmentationSource> Sources(ParseResult parsed)
    {
        var (data, count) = (DataOf(parsed), parsed.GetValue(Images));
        if (count < 1) throw new ArgumentException($"--images is {count}, it must be at least 1");
        Option[] forMasks = [Classes, Ignore, SkipZero, MaskField, MaskColumn, .. reading];
        if (IsMasks(parsed))
        {
            var masks = Masks(data, parsed);
            DataOption.Say(masks.Skipped);
            return [masks];
        }
        if (forMasks.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } wrong)
            throw new ArgumentException($"{wrong.Name} is for masks:FOLDER, not for --data {data}");
        var photographs = PhotographsOf(parsed.GetValue(Photographs));
        return Drawn(data, count, photographs)
            ?? throw new ArgumentException($"--data {data}: segmentation takes demo, emoji:FOLDER, masks:FOLDER, SHARDS.tar or FILE.csv");
    }

    /// <summary>Scenes that the program draws, of shapes or of emoji; null for other data.</summary>
    public static IEnumerable<ISegmentationSource>? Drawn(string data, int count = UsualScenes, IReadOnlyList<string>? photographs = null)
    {
        if (DemoSet.LevelOf(data) is { } level) return DemoScenes(level, count, Seed);
        if (DataOption.EmojiFolder(data) is not { } folder) return null;
        var set = DataOption.OpenEmoji(folder);
        return new[] { set.HeldOut(), set.UnseenStyle() }.Select(emoji =>
            new EmojiScenes(emoji, set.UnseenStyle(), count, Seed, EmojiSize, photographs));
    }

    /// <summary>Scenes that a probe learns from, each beside those that it is asked about; null for data that the program does not draw.</summary>
    public static IEnumerable<(ISegmentationSource Known, ISegmentationSource Asked)>? ForProbe(string data, int known = ProbeScenes,
        int asked = UsualScenes)
    {
        if (DemoSet.LevelOf(data) is { } level) return DemoScenes(level, known, KnownSeed).Zip(DemoScenes(level, asked, Seed));
        if (DataOption.EmojiFolder(data) is not { } folder) return null;
        var set = DataOption.OpenEmoji(folder);
        // No scene that is asked about has a flag, and none has a name for them.
        var learned = new EmojiScenes(set.Train(withoutFlags: true), set.UnseenStyle(), known, KnownSeed, EmojiSize);
        return Drawn(data, asked)!.Select(source => ((ISegmentationSource)learned, source));
    }

    /// <summary>What <c>silc probe patches</c> learns from, beside what it is asked about.</summary>
    public static IReadOnlyList<(ISegmentationSource Known, ISegmentationSource Asked)> ForProbe(ParseResult parsed, string? test)
    {
        var data = DataOf(parsed);
        if (!IsMasks(parsed))
        {
            if (test is not null) throw new ArgumentException($"--test is for masks, tables and shards, not for --data {data}");
            // Also checks the options of masks.
            var asked = Sources(parsed).First().Count;
            return [.. ForProbe(data, asked: asked)!];
        }
        if (test is null) throw new ArgumentException($"--data {data}: a probe learns from one set and is asked about another: give --test, too");
        var (learned, held) = (Masks(data, parsed), Masks(test, parsed, "--test"));
        DataOption.Say(learned.Skipped);
        DataOption.Say(held.Skipped);
        return [(learned, held)];
    }

    /// <summary>What a head is trained on.</summary>
    public static ISegmentationSource ForTraining(ParseResult parsed)
    {
        var data = DataOf(parsed);
        if (IsMasks(parsed)) return Sources(parsed).First();
        int count = parsed.GetResult(Images) is { Implicit: false } ? parsed.GetValue(Images) : ProbeScenes;
        // Also checks the options of masks.
        var asked = Sources(parsed).First();
        if (DemoSet.LevelOf(data) is { } level) return new DemoSegmentation(count, KnownSeed, DemoSize, parsed.GetValue(Task), level);
        NoTask(parsed, data);
        return ForProbe(data, count, asked.Count)!.First().Known;
    }

    /// <summary>What a head is asked about.</summary>
    public static IReadOnlyList<ISegmentationSource> ForAsking(ParseResult parsed)
    {
        var sources = Sources(parsed).ToList();
        if (!IsMasks(parsed) && DemoSet.LevelOf(DataOf(parsed)) is { } level)
            return [new DemoSegmentation(sources[0].Count, Seed, DemoSize, parsed.GetValue(Task), level)];
        NoTask(parsed, DataOf(parsed));
        return sources;
    }

    static void NoTask(ParseResult parsed, string data)
    {
        if (parsed.GetResult(Task) is { Implicit: false }) throw new ArgumentException($"--task is for demo, not for --data {data}");
    }

    static IEnumerable<ISegmentationSource> DemoScenes(DemoLevel level, int count, int seed) =>
        new[] { DemoTask.Colour, DemoTask.Shape }.Select(task => new DemoSegmentation(count, seed, DemoSize, task, level));

    /// <summary>The label of the first class in masks.</summary>
    public static int FirstLabel(ParseResult parsed) => parsed.GetValue(SkipZero) ? 1 : 0;

    /// <summary>Threshold of the background, or null; and whether its pixels count.</summary>
    public static (double? Threshold, bool Counts) BackgroundOf(ParseResult parsed) => parsed.GetValue(Background) switch
    {
        "words" => (null, true),
        "none" => (null, false),
        var text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var threshold) && threshold is > 0 and < 1
            ? (threshold, true)
            : throw new ArgumentException($"--background '{text}': say none, words, or a probability such as 0.3"),
    };

    public static SegmentationWindows WindowsOf(ParseResult parsed, SilcConfig config) => WindowsOf(parsed, config.Grid * config.PatchSize);

    /// <summary>The side of a window, if the line gives one.</summary>
    public static int? WindowOf(ParseResult parsed) => parsed.GetValue(Window);

    /// <summary>The same of what was trained at another side than the model.</summary>
    public static SegmentationWindows WindowsOf(ParseResult parsed, int usual)
    {
        int side = parsed.GetValue(Window) ?? usual;
        if (parsed.GetValue(ShortSide) is not { } shortSide)
            return parsed.GetValue(Stride) is { } stride
                ? throw new ArgumentException($"--stride {stride} needs --short-side, the size that windows slide over")
                : SegmentationWindows.Whole(side);
        return new(side, shortSide, parsed.GetValue(Stride) ?? side * 3 / 4);
    }

    static ISegmentationSource Masks(string data, ParseResult parsed, string option = "--data")
    {
        var folder = IsFolder(data) ? data[MaskPrefix.Length..] : null;
        if (folder is not null && !Directory.Exists(folder))
            throw new FileNotFoundException($"{option} {data}: no folder {folder}; it should hold images and masks");
        void Refuse(bool wrong, string needs, params Option[] options)
        {
            if (wrong && options.FirstOrDefault(option => parsed.GetResult(option) is not null) is { } given)
                throw new ArgumentException($"{given.Name} is for {needs}, not for {option} {data}");
        }

        var table = folder is null && !DataOption.IsShards(data) && !IsPublished(data);
        Refuse(!table, "a table, FILE.csv", MaskColumn, DataOption.ImageColumn, DataOption.Separator);
        Refuse(!DataOption.IsShards(data), "WebDataset shards", MaskField, DataOption.ImageField, DataOption.MaxMember, DataOption.MaxUnpacked);
        Refuse(!IsPublished(data), "published sets", PublishedSets.Split, PublishedSets.ImageFolder);
        if (IsPublished(data))
        {
            if (parsed.GetResult(Ignore) is { Implicit: false } || parsed.GetValue(SkipZero))
                throw new ArgumentException($"{option} {data}: what its values mean is known; leave --ignore and --skip-zero out");
            return PublishedSets.Segmentation(data, parsed, parsed.GetValue(Classes))!;
        }
        var file = parsed.GetValue(Classes) ?? throw new ArgumentException($"{option} {data} needs --classes FILE: line n names label n");
        if (!File.Exists(file)) throw new FileNotFoundException($"--classes {file}: no such file");
        var classes = ClassList.Read(file);
        var (ignored, skipZero, background) = (IgnoredOf(parsed.GetValue(Ignore)!), parsed.GetValue(SkipZero), classes.Names[0] == "background");
        if (folder is not null) return new MaskFolderSource(folder, classes, ignored, skipZero, background);
        var labels = new MaskLabels(classes, new HashSet<int>(ignored), skipZero, background);
        if (!table)
        {
            var (member, unpacked) = DataOption.LimitsOf(parsed);
            return MaskPairSource.OfShards(DataOption.PatternOf(data), labels, parsed.GetValue(DataOption.ImageField),
                parsed.GetValue(MaskField) ?? ShardFields.UsualMask, member, unpacked);
        }
        if (!File.Exists(data)) throw new FileNotFoundException($"{option} {data}: no such file");
        return MaskPairSource.OfTable(data, labels, parsed.GetValue(DataOption.ImageColumn) ?? "filepath", parsed.GetValue(MaskColumn)
            ?? throw new ArgumentException($"{option} {data} needs --mask-column NAME: the column of the paths of masks"),
                DataOption.SeparatorOf(parsed));
    }

    static int[] IgnoredOf(string labels) => labels == "none" ? [] :
    [
        .. labels.Split(',', StringSplitOptions.TrimEntries)
        .Select(label => int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
            : throw new ArgumentException($"--ignore '{labels}': say labels with commas between, such as 0,255, or none")),
    ];

    static List<string>? PhotographsOf(string? folder)
    {
        if (folder is null) return null;
        if (!Directory.Exists(folder)) throw new FileNotFoundException($"--photographs {folder}: no such folder");
        var log = new SkipLog();
        var found = DataFolder.Files(folder, log).Where(ImageFile.IsImage).ToList();
        DataOption.Say(log.Report());
        return found.Count > 0 ? found : throw new FileNotFoundException($"--photographs {folder}: no images in it");
    }
}
