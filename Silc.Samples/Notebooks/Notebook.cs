using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Silc.Samples.Report;
using Silc.Samples.Training;

namespace Silc.Samples.Notebooks;

/// <summary>
/// What the notebooks of this folder show and how a cell is interrupted; public because they reference <c>silc.dll</c> as anybody would.
/// An <see cref="RgbImage"/> shows itself. Threads: any number may call.
/// </summary>
public static class Notebook
{
    // The kernel's start script makes this file when Jupyter interrupts. .NET Interactive 1.0.712001 hears of no interruption by itself: its
    // control channel drops interrupt_request, and SIGINT ends the process.
    const string Interruption = "SILC_INTERRUPT";

    static readonly TimeSpan Every = TimeSpan.FromSeconds(0.2);
    static readonly Lock Look = new();
    static Timer? watch;

    /// <summary>
    /// Tells where the native libraries are: a kernel knows no <c>.deps.json</c>. To be called before images are decoded or drawn.
    /// </summary>
    public static void Open()
    {
        var rid = RuntimeInformation.RuntimeIdentifier;
        var built = Path.GetDirectoryName(typeof(Notebook).Assembly.Location)!;
        string[] folders = [.. new[] { rid, rid.Split('-')[0] }.Select(name => Path.Combine(built, "runtimes", name, "native"))
            .Where(Directory.Exists)];
        var skia = typeof(SkiaSharp.SKCanvas).Assembly;
        AssemblyLoadContext.GetLoadContext(skia)!.ResolvingUnmanagedDll += (_, name) =>
            folders.SelectMany(folder => Directory.GetFiles(folder, name + ".*")).FirstOrDefault() is { } file ? NativeLibrary.Load(file) : 0;
    }

    /// <summary>A file or folder below <c>runs/notebooks</c> of this repository, or of the folder that <c>SILC_NOTEBOOK_FOLDER</c> names.</summary>
    public static string At(string name) => Path.GetFullPath(Path.Combine(
        Environment.GetEnvironmentVariable("SILC_NOTEBOOK_FOLDER") is { Length: > 0 } folder ? folder
            : Path.Combine(Path.GetDirectoryName(typeof(Notebook).Assembly.Location)!, "../../../../runs/notebooks"), name));

    /// <summary>Steps of a training: as many as the variable <c>SILC_NOTEBOOK_STEPS</c> allows, which tests set.</summary>
    public static int Steps(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("SILC_NOTEBOOK_STEPS"), out var most) ? Math.Min(usual, most) : usual;

    /// <summary>
    /// Is cancelled when the cell is interrupted: by Jupyter's stop button where the kernel was started from <c>kernels/</c> here, or by
    /// what cancels <paramref name="cell"/>.
    /// </summary>
    /// <param name="cell"><c>KernelInvocationContext.Current.CancellationToken</c>.</param>
    public static CancellationToken Stop(CancellationToken cell = default)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cell);
        if (Environment.GetEnvironmentVariable(Interruption) is not { Length: > 0 } file) return stop.Token;
        lock (Look)
        {
            // Of a cell before this one, which would take this one's interruption.
            watch?.Dispose();
            File.Delete(file);
            watch = new(_ =>
            {
                if (!File.Exists(file)) return;
                File.Delete(file);
                stop.Cancel();
            }, null, Every, Every);
        }
        return stop.Token;
    }

    /// <summary>Images in rows, each above its caption.</summary>
    /// <param name="images">From left to right.</param>
    /// <param name="captions">One an image; null for none.</param>
    /// <param name="columns">Images in a row.</param>
    public static RgbImage Sheet(IEnumerable<RgbImage> images, IEnumerable<string>? captions = null, int columns = 6)
    {
        string[] words = captions is null ? [] : [.. captions];
        ContactSheetCell[] cells = [.. images.Select((image, i) => new ContactSheetCell(image, i < words.Length ? words[i] : ""))];
        return ContactSheet.Draw([.. cells.Chunk(columns).Select((row, i) => new ContactSheetRow($"{1 + i * columns}", row))]);
    }

    /// <summary>What was found for some words, as a table of images.</summary>
    public static NotebookView Hits(string query, IEnumerable<SearchHit> hits, Func<SearchHit, RgbImage> image)
    {
        var rows = hits.Select(hit => Html.Of($"""
            <tr><td>{Html.Image(Thumbnail.Of(image(hit), 96), hit.Title)}</td><td>{hit.Score:F3}</td><td>{hit.Title}</td><td>{hit.Path}</td></tr>
            """));
        return new(Html.Of($"""
            <table><caption>{query}</caption><thead><tr><th>image</th><th>cosine</th><th>caption</th><th>row</th></tr></thead>
            <tbody>{rows}</tbody></table>
            """).Text);
    }

    /// <summary>Losses so far as a plot, and the last report as a line: for <c>display</c> and <c>Update</c>.</summary>
    /// <param name="reports">Of <see cref="TrainRun.Run"/>, from the first.</param>
    public static NotebookView Progress(IReadOnlyList<TrainReport> reports)
    {
        if (reports is not [.., var last]) return new("<p>waiting for the first steps</p>");
        var plot = LossPlot.Of(term => [.. reports.Select(report => ((double)report.Metrics.Step, report.Metrics.Losses.Of(term) ?? double.NaN))],
            model: null, train: null, "Losses");
        var left = last.Remaining.ToString(last.Remaining.TotalHours < 1 ? @"m\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);
        return new(Html.Of($"""
            <div style="max-width: 40em">{Html.Svg(plot.Svg(640, 260), "losses over the steps")}
            <p><progress max="{last.TotalSteps}" value="{last.Metrics.Step}"></progress> step {last.Metrics.Step} of {last.TotalSteps},
            loss {last.Metrics.Loss:F3}, {last.SamplesPerSecond:F0} images/s, {left} left</p></div>
            """).Text);
    }

    /// <summary>An image, what each pixel was named, and the names' colours.</summary>
    public static RgbImage Segments(RgbImage image, LabelMap labels, IReadOnlyList<string> names, Func<int, Colour> colour)
    {
        (string, Colour)[] seen = [.. labels.Labels.Where(label => label >= 0).Distinct().Order().Select(label => (names[label], colour(label)))];
        return ContactSheet.Draw([
            new("colours", [.. seen.Chunk(SegmentationPainter.LegendLines).Select(some => new ContactSheetCell(SegmentationPainter.Legend(some)))]),
            new("", [new(image, "image"), new(SegmentationPainter.Overlay(image, labels, colour), "what pixels are called")])], cell: 144);
    }
}
