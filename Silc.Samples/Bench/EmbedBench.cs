using System.Diagnostics;

namespace Silc.Samples.Bench;

/// <summary>
/// Images embedded by one model in float32 and in another precision, taking turns because the speed of a shared machine varies, and how far their
/// vectors lie apart.
/// </summary>
static class EmbedBench
{
    const double TurnSeconds = 0.5;

    /// <summary>
    /// <paramref name="open"/> gives the model on a device of that precision; <paramref name="pixels"/> are images one after another, of which
    /// <paramref name="batch"/> are embedded at a time.
    /// </summary>
    public static void Run(Func<Precision, SilcModel> open, Precision precision, float[] pixels, int batch, int rounds)
    {
        using SilcModel exact = open(Precision.Float32), rounded = open(precision);
        Console.WriteLine($"device   {rounded.Device}");
        int each = exact.Config.ImageSize * exact.Config.ImageSize * 3, count = pixels.Length / each;
        batch = Math.Min(batch, count);
        exact.BatchSize = rounded.BatchSize = batch;
        var piece = pixels[..(batch * each)];
        var cosines = Cosines(exact.EmbedPixels(pixels), rounded.EmbedPixels(pixels));
        Console.WriteLine($"vectors  {count} images: cosine between float32 and {Name(precision)} {cosines.Average():F5} on average, "
            + $"{cosines.Min():F5} at least");

        List<(double Exact, double Rounded)> turns = [];
        for (int round = 0; round < rounds; round++)
        {
            bool first = round % 2 == 0;
            var (one, other) = (Rate(first ? exact : rounded), Rate(first ? rounded : exact));
            turns.Add(first ? (one, other) : (other, one));
        }
        Console.WriteLine($"float32  {Median(turns.Select(turn => turn.Exact)),8:F1} images/s, {batch} at a time, the fastest call of a turn");
        Console.WriteLine($"{Name(precision),-8} {Median(turns.Select(turn => turn.Rounded)),8:F1} images/s");
        var ratios = turns.Select(turn => turn.Rounded / turn.Exact).Order().ToList();
        Console.WriteLine($"ratio    {Median(ratios):F2} ({ratios[0]:F2} to {ratios[^1]:F2} in {rounds} turns)");

        double Rate(SilcModel model)
        {
            var (clock, fastest) = (Stopwatch.StartNew(), double.MaxValue);
            for (int calls = 0; clock.Elapsed.TotalSeconds < TurnSeconds || calls < 2; calls++)
            {
                var begun = Stopwatch.GetTimestamp();
                model.EmbedPixels(piece);
                fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }
            return batch / fastest;
        }
    }

    static double[] Cosines(Vectors x, Vectors y) =>
        [.. Enumerable.Range(0, x.Count).Select(i => x[i].ToArray().Zip(y[i].ToArray(), (a, b) => (double)a * b).Sum())];

    static string Name(Precision precision) => precision.ToString().ToLowerInvariant();

    static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
