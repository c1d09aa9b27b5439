using System.CommandLine;
using System.Diagnostics;
using Silc.Samples.Data;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;

namespace Silc.Samples.Commands;

/// <summary><c>silc embed</c>: images or captions as vectors in a file.</summary>
static class EmbedCommand
{
    const int LinesNamed = 10;

    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Data = new("--data") { Description = DataOption.Create().Description, HelpName = DataOption.Create().HelpName };
    static readonly Option<string?> Texts = new("--texts")
    {
        Description = "Embed these captions instead of images: a text file, one a line.",
        HelpName = "FILE"
    };
    static readonly Option<string> Out = new("--out")
    {
        Description = "vectors.npy, which has vectors.csv with paths and captions beside it; "
            + "vectors.csv with all in one; or vectors.parquet with the columns path, caption and vector.",
        HelpName = "FILE.npy|FILE.csv|FILE.parquet",
        Required = true
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("embed", """
            Write the embeddings of images or captions to a file that numpy, silc search and spreadsheets read. Images need no captions.
            What cannot be read is left out and listed. Ctrl-C keeps the vectors that are done in FILE.partial.npy.

            Examples:
              silc embed --model runs/emoji --data emoji:data/emoji --out vectors.npy
              silc embed --model runs/mine --data photos.csv --eval-crop center --out vectors.csv
              silc embed --model runs/mine --texts captions.txt --out captions.npy
              silc embed --model runs/mine --data photos.csv --out vectors.parquet
            """)
        {
            Model, Data, Texts, Out, EvalOptions.Crop, EvalOptions.Resize, EvalOptions.Background, Device, EvalOptions.Precision,
        };
        foreach (var option in DataOption.Reading.Append(ModelOption.Tokenizer)) command.Add(option);
        command.SetAction(Embed);
        return command;
    }

    static int Embed(ParseResult parsed)
    {
        var (data, texts, path) = (parsed.GetValue(Data), parsed.GetValue(Texts), parsed.GetRequiredValue(Out));
        if (Path.GetExtension(path).ToLowerInvariant() is not (".npy" or ".csv" or ParquetVectors.Ending))
            throw new ArgumentException($"--out {path}: embeddings are written to FILE.npy or FILE.csv, or to FILE.parquet");
        if (data is null == texts is null) throw new ArgumentException("embed either images, --data, or captions, --texts FILE");
        OutputGuard.Check(parsed, [.. Output.Vectors(path), .. Output.Vectors(PartialIndex.Name(path))]);
        var captions = texts is null ? [] : ReadTexts(texts);
        var source = data is null ? null : DataOption.Open(data, seed: 0, parsed, needCaptions: false);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!, parsed.GetValue(EvalOptions.Precision));
        using var model = ModelOption.Load(device, parsed.GetRequiredValue(Model), parsed, captions: texts is not null);
        CheckRoom(path, (long)(source?.Count ?? captions.Length) * model.Config.EmbedDim * sizeof(float));
        var clock = Stopwatch.StartNew();
        PartialIndex.Announce(path);
        using var index = new PartialIndex(path, source?.Count ?? captions.Length, model, source is null ? null : parsed.GetValue(EvalOptions.Crop));
        Keeping(index, () =>
        {
            if (source is null) Captions(index, model, captions);
            else Images(index, model, source, parsed.GetValue(EvalOptions.Crop));
        });
        var (count, seconds) = (index.Finish(), clock.Elapsed.TotalSeconds);
        var beside = !path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? ""
            : $" and the {(source is null ? "captions" : "paths")} to the .csv beside it";
        Console.WriteLine($"wrote {count:N0} x {model.Config.EmbedDim} values to {path}{beside}: "
            + $"{(count / seconds).ToString(count < 10 * seconds ? "N1" : "N0")} {(source is null ? "captions" : "images")}/s with "
            + $"reading, {seconds:F1} s");
        return 0;
    }

    // The vectors alone, before hours of work: paths and titles come on top.
    static void CheckRoom(string path, long bytes)
    {
        if (AtomicFile.FreeBytes(Path.GetDirectoryName(Path.GetFullPath(path))!) is not { } free || free >= bytes) return;
        throw new IOException($"--out {path}: the vectors take {bytes / 1e6:N1} MB, and {free / 1e6:N1} MB are free there; make room, or write to "
            + "another disk");
    }

    static void Images(PartialIndex index, SilcModel model, IImageTextSource source, EvalCrop crop)
    {
        // What was not read has no path, and no row; pieces come when all before them is read.
        var (paths, titles, next) = (new string?[source.Count], new string[source.Count], 0);
        ReadableImages.Embed(model, source, rows =>
        {
            var kept = new int[rows.Count];
            for (int i = 0; i < kept.Length; next++)
                if (paths[next] is not null) kept[i++] = next;
            index.Add(rows, [.. kept.Select(i => paths[i]!)], [.. kept.Select(i => titles[i])]);
        }, crop, (i, pair) => (paths[i], titles[i]) = (pair.Key, pair.Captions.FirstOrDefault("")));
    }

    static void Captions(PartialIndex index, SilcModel model, string[] captions) =>
        EmbeddedTexts.Each(model, captions, (rows, some) => index.Add(rows, [.. some.Select(_ => "")], some));

    static void Keeping(PartialIndex done, Action embed)
    {
        if (Interrupt.Current is { } interrupt) interrupt.Abandoning = done.Keep;
        try
        {
            embed();
        }
        catch (OperationCanceledException)
        {
            done.Keep();
            throw;
        }
    }

    static string[] ReadTexts(string file)
    {
        if (!File.Exists(file)) throw new FileNotFoundException($"--texts {file}: no such file");
        var lines = Utf8File.ReadLines(file).Select((line, i) => (Text: line.Trim(), Number: i + 1)).ToList();
        // Empty lines at the end of the file are not captions.
        while (lines.Count > 0 && lines[^1].Text == "") lines.RemoveAt(lines.Count - 1);
        if (lines.Count == 0) throw new InvalidDataException($"--texts {file} holds no caption; write one a line");
        int[] empty = [.. lines.Where(line => line.Text == "").Select(line => line.Number)];
        // Row i must stay line i, so that vectors and lines can be joined.
        if (empty.Length > 0)
            Console.Error.WriteLine($"note: {empty.Length} x empty line of {file}, whose row is that of the empty caption "
                + $"({string.Join(", ", empty.Take(LinesNamed).Select(line => $"line {line}"))}{(empty.Length > LinesNamed ? ", …" : "")})");
        return [.. lines.Select(line => line.Text)];
    }
}
