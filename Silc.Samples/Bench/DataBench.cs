using System.Diagnostics;
using Spectre.Console;

namespace Silc.Samples.Bench;

/// <summary>Times loading alone: reading, decoding, augmenting and tokenizing on every core, without a model.</summary>
static class DataBench
{
    const int WarmBatches = 2;

    public static void Run(IImageTextSource source, SilcConfig config, int batch, TimeSpan duration)
    {
        var views = config.Views;
        int large = views.Global + (views.Plain ? 1 : 0);
        Console.WriteLine($"data     {source.Name}: {source.Count:N0} pairs; {large} x {config.ImageSize} + {views.Local} x {views.LocalSize} "
            + $"pixels, batch {batch}, "
            + $"{Environment.ProcessorCount} threads");
        using var loader = new BatchLoader(source, Tokenizers.Open("bytes"), config, batch, seed: 0);
        for (int i = 0; i < WarmBatches; i++) loader.Return(loader.Next());

        var (clock, before, samples) = (Stopwatch.StartNew(), loader.Times, 0);
        while (clock.Elapsed < duration)
        {
            loader.Return(loader.Next());
            samples += batch;
        }
        var (seconds, times) = (clock.Elapsed.TotalSeconds, loader.Times - before);
        Show(times, samples);
        Console.WriteLine($"{samples / seconds:F1} samples/s, {samples * (large + views.Local) / seconds:F0} views/s; the slowest stage "
            + $"is {times.Slowest}");
        if (loader.BadSamples > 0) Console.WriteLine($"{loader.BadSamples} unreadable samples were replaced; first: {loader.BadReports[0]}");
    }

    static void Show(LoadTimes times, int samples)
    {
        var total = times.Stages.Sum(stage => stage.Time.TotalSeconds);
        var table = new Table().Border(TableBorder.Rounded).AddColumns("stage", "ms/sample", "share", "samples/s on one thread");
        for (int i = 1; i < 4; i++) table.Columns[i].RightAligned();
        foreach (var (name, time) in times.Stages.Where(stage => stage.Time > TimeSpan.Zero))
            table.AddRow(name, $"{time.TotalMilliseconds / samples:F3}", $"{time.TotalSeconds / total:P1}",
                $"{samples / Math.Max(1e-9, time.TotalSeconds):F0}");
        AnsiConsole.Write(table);
    }
}
