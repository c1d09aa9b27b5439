using System.Diagnostics;

namespace Silc.Samples.Bench;

/// <summary>
/// Times what evaluations do with images, reading, decoding, resizing and embedding, beside the same model's embedding of pixels that are there
/// already, and beside loading alone. The three are timed alternately, because the speed of a shared machine varies.
/// </summary>
static class EvalBench
{
    const int Rounds = 5;

    public static void Run(SilcModel model, IImageTextSource source, EvalCrop crop)
    {
        int size = model.Config.ImageSize, block = model.ImagesRead;
        var noise = BenchModel.Noise(model.Config with { Views = new(Global: 1, Local: 0) }, Math.Min(block, source.Count)).Global;
        Console.WriteLine($"data     {source.Name}: {source.Count:N0} images, {size} pixels");
        model.EmbedImages(source, crop);      // compiles the kernels, and finds files in the system's memory

        var (evaluate, embed, load) = (new List<double>(), new List<double>(), new List<double>());
        for (int round = 0; round < Rounds; round++)
        {
            evaluate.Add(Rate(source.Count, () => model.EmbedImages(source, crop)));
            embed.Add(Rate(source.Count, () =>
            {
                for (int left = source.Count; left > 0; left -= block)
                    model.EmbedPixels(left < block ? noise[..(left * size * size * 3)] : noise);
            }));
            load.Add(Rate(source.Count, () => ImageBlocks.Of(source, size, crop, block).Count()));
        }
        Console.WriteLine($"evaluate {Shown(evaluate)}: reading, decoding, resizing, embedding");
        Console.WriteLine($"embed    {Shown(embed)}: pixels that are there already");
        Console.WriteLine($"load     {Shown(load)}: reading, decoding and resizing alone");
        double ratio = Median(evaluate) / Median(embed), shared = 1 / (1 + Median(embed) / Median(load));
        Console.WriteLine($"ratio    {ratio:F2} of embedding alone"
            + (model.Device.Info.IsProcessor ? $"; {shared:F2} would be two stages that take turns on the same cores" : ""));
    }

    static double Rate(int count, Action run)
    {
        var clock = Stopwatch.StartNew();
        run();
        return count / clock.Elapsed.TotalSeconds;
    }

    static string Shown(List<double> rates) => $"{Median(rates),8:F1} images/s ({rates.Min():F1} to {rates.Max():F1})";

    static double Median(List<double> rates) => rates.Order().ElementAt(rates.Count / 2);
}
