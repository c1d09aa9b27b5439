using System.CommandLine;

namespace Silc.Samples;

/// <summary>The value of <c>--data</c>: <c>demo</c>, <c>emoji:FOLDER</c>, a CSV or TSV file, or a folder.</summary>
static class DataOption
{
    const string EmojiPrefix = "emoji:";
    const long CacheBytes = 1L << 30;

    public static Option<string> Create() => new("--data")
    {
        Description = "demo (drawn by the program), emoji:FOLDER (see silc data emoji), FILE.csv with the columns filepath and title, or a FOLDER of dog.jpg + dog.txt.",
        HelpName = "demo|emoji:FOLDER|FILE.csv|FOLDER",
        Required = true,
    };

    /// <summary>The folder in <c>emoji:FOLDER</c>, or null.</summary>
    public static string? EmojiFolder(string data) => data.StartsWith(EmojiPrefix, StringComparison.Ordinal) ? data[EmojiPrefix.Length..] : null;

    public static bool IsTable(string data) => Path.GetExtension(data).ToLowerInvariant() is ".csv" or ".tsv";

    public static EmojiSet OpenEmoji(string folder) => File.Exists(Path.Combine(folder, EmojiPreparer.IndexName)) ? EmojiSet.Load(folder)
        : throw new FileNotFoundException($"--data {EmojiPrefix}{folder}: there is no {EmojiPreparer.IndexName}; make it with silc data emoji --out {folder}");

    /// <summary>The pictures to train on.</summary>
    public static IImageTextSource OpenForTraining(string data, int seed) => data == "demo" ? DemoSet.Training(seed) : new CachedSource(Open(data, seed), CacheBytes);

    /// <summary>The same, without keeping decoded pictures.</summary>
    public static IImageTextSource Open(string data, int seed)
    {
        if (data == "demo") return DemoSet.Drawn(seed);
        return EmojiFolder(data) is { } folder ? OpenEmoji(folder).Train()
            : File.Exists(data) && IsTable(data) ? new CsvSource(data)
            : Directory.Exists(data) ? (IImageTextSource)new FolderSource(data)
            : throw new FileNotFoundException($"--data {data}: no such file or folder; it can be demo, emoji:FOLDER, FILE.csv or FOLDER");
    }
}
