using System.CommandLine;
using Silc.Samples.Data;

namespace Silc.Samples.Options;

/// <summary>
/// The value of <c>--data</c>: <c>demo</c>, <c>demo:hard</c>, <c>emoji:FOLDER</c>, <c>classes:FOLDER</c>, a CSV or TSV file, WebDataset shards, a
/// folder, or a published set (<see cref="PublishedSets"/>); and the options that say how to read it.
/// </summary>
static class DataOption
{
    /// <summary>The option.</summary>
    public const string Name = "--data";

    /// <summary>A table that comes through a pipe.</summary>
    public const string Piped = "-";

    const string EmojiPrefix = "emoji:", ShardPrefix = "wds:", ClassPrefix = "classes:";
    const long CacheBytes = 1L << 30;

    public static readonly Option<string?> Template =
        Text("--template", $"With classes:FOLDER, the caption; {{}} stands for the class. Usually '{ClassFolderSource.UsualTemplate}'.", "TEXT");
    public static readonly Option<string?> ImageColumn =
        Text("--image-column", "Of a table, the column of image paths; usually filepath, in metadata.csv and .jsonl file_name.", "NAME");
    public static readonly Option<string?> CaptionColumn =
        Text("--caption-column", "Of a table, the column of captions; usually title, in metadata.csv and .jsonl text.", "NAME");
    public static readonly Option<string?> Separator =
        Text("--separator", "Of a table, the character between columns, or tab; detected unless given.", "CHAR");

    public static readonly Option<string?> ImageField = Text("--image-field",
        "Of shards, endings of images, as img or 'jpg;png'; usually those of files that are read.", "NAME");
    public static readonly Option<string?> CaptionField = Text("--caption-field",
        "Of shards, where captions are: the ending of a text, or a key in .json; usually .txt, and caption, text or captions in .json.", "NAME");

    public static readonly Option<string?> LabelColumn =
        Text("--label-column", "Of a table, the column of classes, names or numbers, for what is asked by class.", "NAME");
    public static readonly Option<string?> LabelField =
        Text("--label-field", "Of shards, the ending of classes, names or numbers; usually cls, where every sample has it.", "NAME");

    public static readonly Option<int?> MaxMember = MiB("--max-member", "Of shards, the largest file in one that is read; usually 64 MiB.");
    public static readonly Option<int?> MaxUnpacked = MiB("--max-unpacked", "Of .tar.gz shards, the largest that one may become; usually 2048 MiB.");

    /// <summary>How to read what <c>--data</c> names.</summary>
    public static IReadOnlyList<Option> Reading { get; } =
        [Template, ImageColumn, CaptionColumn, LabelColumn, Separator, ImageField, CaptionField, LabelField, MaxMember, MaxUnpacked,
            PublishedSets.Split, PublishedSets.ImageFolder];

    public static Option<string> Create(bool required = true) => new(Name)
    {
        Description = "demo (drawn by the program; demo:hard is harder), emoji:FOLDER (see silc data emoji), FILE.csv with the columns "
            + "filepath and title (- for one from a pipe), FILE.jsonl, WebDataset shards "
            + "as FILE.tar, data/{00000..00041}.tar or 'data/*.tar' (wds: in front of other names), a FOLDER of dog.jpg + dog.txt or with "
            + "metadata.csv or .jsonl as of imagefolder, or classes:FOLDER with one folder per class; "
            + $"published sets: {PublishedSets.Help(PublishedSets.WithCaptions)}.",
        HelpName = "demo|demo:hard|emoji:FOLDER|FILE.csv|SHARDS.tar|FOLDER|classes:FOLDER",
        Required = required,
    };

    /// <summary>The folder in <c>emoji:FOLDER</c>, or null.</summary>
    public static string? EmojiFolder(string data) => After(EmojiPrefix, data);

    /// <summary>The same data from any working directory.</summary>
    public static string Absolute(string data)
    {
        if (data is Piped || DemoSet.LevelOf(data) is not null) return data;
        var prefix = Array.Find([EmojiPrefix, ShardPrefix, ClassPrefix, .. PublishedSets.WithCaptions],
            prefix => After(prefix, data) is not null) ?? "";
        return prefix + Path.GetFullPath(data[prefix.Length..]);
    }

    /// <summary>Images with classes, for what is asked by class; they need no captions.</summary>
    /// <exception cref="ArgumentException">They have none; the message says how to name them.</exception>
    public static ILabelled OpenLabelled(string data, ParseResult parsed, string option = Name)
    {
        if (Open(data, seed: 0, parsed, needCaptions: false, option) is ILabelled { Classes: not null } labelled) return labelled;
        throw new ArgumentException($"{option} {data} has no classes: "
            + (IsShards(data) ? "not every sample has .cls; name another field by --label-field"
                : IsTable(data) || IsMetadata(data, parsed) ? "name their column by --label-column"
                : "say demo, emoji:FOLDER, classes:FOLDER with one folder per class, FILE.csv with --label-column, or shards with .cls"));
    }

    /// <summary>True for shards.</summary>
    public static bool IsShards(string data) => Shards(data) is not null;

    /// <summary>The pattern of shards, without the prefix.</summary>
    public static string PatternOf(string data) => Shards(data)!;

    /// <summary>Limits of members and of unpacked shards, in bytes.</summary>
    public static (long Member, long Unpacked) LimitsOf(ParseResult parsed) =>
        (Bytes(parsed, MaxMember) ?? WebDatasetSource.UsualMember, Bytes(parsed, MaxUnpacked) ?? WebDatasetSource.UsualUnpacked);

    public static bool IsClasses(string data) => After(ClassPrefix, data) is not null;

    public static bool IsTable(string data) => Path.GetExtension(data).ToLowerInvariant() is ".csv" or ".tsv" || File.Exists(data)
        && MetadataSource.IsJsonLines(data) || IsPipe(data);

    // Hugging Face's imagefolder, or a table of JSON lines.
    static bool IsMetadata(string data, ParseResult parsed) =>
        File.Exists(data) && MetadataSource.IsJsonLines(data) || MetadataSource.IsFolder(data, parsed.GetValue(ImageColumn));

    // A name that a shell gives to a pipe, as in --data <(zcat photos.csv.gz), says nothing of what comes through.
    static bool IsPipe(string data) => data == Piped || data.StartsWith("/dev/", StringComparison.Ordinal) && File.Exists(data);

    public static EmojiSet OpenEmoji(string folder) => File.Exists(Path.Combine(folder, EmojiPreparer.IndexName)) ? EmojiSet.Load(folder)
        : throw new FileNotFoundException($"--data {EmojiPrefix}{folder}: there is no {EmojiPreparer.IndexName}; make it with silc data emoji "
        + $"--out {folder}");

    /// <summary>The images to train on, read as <paramref name="parsed"/> says.</summary>
    /// <param name="data">The value of <c>--data</c>.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <param name="parsed">Says how to read it.</param>
    /// <param name="needCaptions">False where no loss reads captions: images without any are trained on, too.</param>
    /// <param name="job">Ranks that all open it now, of which one reads the headers of shards for all; null for this process alone.</param>
    public static IImageTextSource OpenForTraining(string data, int seed, ParseResult parsed, bool needCaptions = true, ICollective? job = null) =>
        new CachedSource(Open(data, seed, parsed, needCaptions, job: job), DemoSet.LevelOf(data) is null ? CacheBytes : long.MaxValue);

    /// <summary>The same, without keeping decoded images.</summary>
    /// <param name="data">The value of <c>--data</c>.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <param name="parsed">Says how to read it.</param>
    /// <param name="needCaptions">False takes images without captions, too.</param>
    /// <param name="option">What errors call it. How to read files is said of <c>--data</c>; where that is another option, it may not apply.</param>
    /// <param name="job">Ranks that all open it now, of which one reads the headers of shards for all; null for this process alone.</param>
    public static IImageTextSource Open(string data, int seed, ParseResult parsed, bool needCaptions = true, string option = Name,
        ICollective? job = null)
    {
        void Refuse(ParseResult parsed, string data, string needs, params Option[] options)
        {
            if (option == Name) DataOption.Refuse(parsed, data, needs, options);
        }

        if (After(ClassPrefix, data) is null) Refuse(parsed, data, "one folder per class, classes:FOLDER", Template);
        if (!IsTable(data) && !IsMetadata(data, parsed)) Refuse(parsed, data, "a table, FILE.csv, FILE.tsv or metadata.csv in a folder",
            ImageColumn, CaptionColumn, LabelColumn, Separator);
        if (PublishedSets.PathOf(data) is null)
            Refuse(parsed, data, $"published sets, {PublishedSets.Help(PublishedSets.WithCaptions)}", PublishedSets.Split, PublishedSets.ImageFolder);
        if (Shards(data) is null) Refuse(parsed, data, "WebDataset shards", ImageField, CaptionField, LabelField, MaxMember, MaxUnpacked);
        var source = DemoSet.LevelOf(data) is { } level ? DemoSet.Drawn(seed, level) : OpenFiles(data, parsed, needCaptions, option, job);
        Say(source.Skipped);
        return source;
    }

    /// <summary>Says what a source leaves out, a line for each reason.</summary>
    public static void Say(IEnumerable<SkippedMembers> left)
    {
        foreach (var skipped in left) Console.Error.WriteLine($"skipped  {skipped}");
    }

    static IImageTextSource OpenFiles(string data, ParseResult parsed, bool needCaptions, string option, ICollective? job)
    {
        if (EmojiFolder(data) is { } emoji) return OpenEmoji(emoji).Train();
        if (PublishedSets.Captions(data, parsed) is { } published) return published;
        if (Shards(data) is { } pattern) return OpenShards(pattern, data, parsed, needCaptions, option, job);
        if (After(ClassPrefix, data) is { } classes)
            return Directory.Exists(classes) ? new ClassFolderSource(classes, parsed.GetValue(Template) ?? ClassFolderSource.UsualTemplate)
                : throw new FileNotFoundException($"{option} {data}: no folder {classes}; it should hold one folder per class");
        var (image, caption, label) = (parsed.GetValue(ImageColumn), parsed.GetValue(CaptionColumn), parsed.GetValue(LabelColumn));
        if (IsMetadata(data, parsed) && option == Name) Refuse(parsed, data, "a table, FILE.csv or FILE.tsv", Separator);
        if (IsMetadata(data, parsed)) return new MetadataSource(data, image, caption, needCaptions, label);
        if (IsPipe(data))
            return CsvSource.FromPipe(data == Piped ? Console.OpenStandardInput() : File.OpenRead(data), image ?? "filepath", caption,
                SeparatorOf(parsed), needCaptions, label);
        if (IsTable(data) && File.Exists(data))
            return new CsvSource(data, image ?? "filepath", caption, SeparatorOf(parsed), needCaptions, label);
        if (File.Exists(data)) throw new ArgumentException($"{option} {data}: {UnreadFile.Remedy(data)}");
        return Directory.Exists(data) ? new FolderSource(data, needCaptions)
            : throw new FileNotFoundException(
                $"{option} {data}: no such file or folder; it can be demo, demo:hard, emoji:FOLDER, FILE.csv, SHARDS.tar, FOLDER or classes:FOLDER");
    }

    static WebDatasetSource OpenShards(string pattern, string data, ParseResult parsed, bool needCaptions, string option, ICollective? job)
    {
        var (member, unpacked) = LimitsOf(parsed);
        var fields = new ShardFields(parsed.GetValue(ImageField), parsed.GetValue(CaptionField), needCaptions, parsed.GetValue(LabelField));
        WebDatasetSource Scan() => Named(() => new(pattern, fields, member, unpacked));
        return job is null ? Scan() : SharedShards.Open(job, Scan, table => Named(() => new(pattern, fields, unpacked, table)));

        // The same words on every rank, which are then said once.
        WebDatasetSource Named(Func<WebDatasetSource> open)
        {
            try
            {
                return open();
            }
            catch (FileNotFoundException error)
            {
                throw new FileNotFoundException($"{option} {data}: {error.Message}", error);
            }
        }
    }

    // A folder may be called animals.tar.
    static string? Shards(string data) => After(ShardPrefix, data) is { } pattern ? pattern
        : !Directory.Exists(data) && Array.Exists([".tar", ".tar.gz", ".tgz"], ending => data.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
        ? data
        : null;

    static string? After(string prefix, string data) => data.StartsWith(prefix, StringComparison.Ordinal) ? data[prefix.Length..] : null;

    /// <summary>The character between columns; null detects it.</summary>
    public static char? SeparatorOf(ParseResult parsed) => parsed.GetValue(Separator) switch
    {
        null => null,
        "tab" or "\\t" => '\t',
        [var single] => single,
        var other => throw new ArgumentException($"--separator '{other}': give one character, such as ';', or tab"),
    };

    // An option without effect is an error, since it is most likely a mistake.
    static void Refuse(ParseResult parsed, string data, string needs, params Option[] options)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is not null) is { } wrong)
            throw new ArgumentException($"{wrong.Name} is for {needs}, not for --data {data}");
    }

    static long? Bytes(ParseResult parsed, Option<int?> option) => parsed.GetValue(option) is not { } mib ? null
        : mib > 0 ? (long)mib << 20 : throw new ArgumentException($"{option.Name} is {mib}, it must be at least 1");

    static Option<int?> MiB(string name, string help) => new(name) { Description = help, HelpName = "MIB" };

    static Option<string?> Text(string name, string help, string value) => new(name) { Description = help, HelpName = value };
}
