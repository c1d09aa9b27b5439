using Silc.Samples.Training;

namespace Silc.Samples.Bench;

/// <summary>
/// The presets, and the demo's model, with everything that a timing depends on fixed, so that other libraries can do the same work.
/// </summary>
static class BenchModel
{
    public static IReadOnlyList<string> Names { get; } = ["demo", "mini", "ti", "s", "b"];

    /// <summary>Towers, views, prototypes and text length of the preset; AdamW, clipping, an EMA teacher and a centre, all in every step.</summary>
    public static (SilcConfig Model, TrainConfig Training) Of(string preset, int batch) => Names.Contains(preset)
        ? (preset == "demo" ? DemoRecipe.Model : SilcConfig.Preset(preset), Recipe(batch))
        : throw new ArgumentException($"no bench for '{preset}'; there are {string.Join(", ", Names)}");

    /// <summary>AdamW, clipping and a teacher at constant rates.</summary>
    public static TrainConfig Recipe(int batch) => new(batch, TotalSteps: 1_000_000, Schedule: new(ScheduleKind.Constant), EmaMomentum: 0.996);

    /// <summary>
    /// Noise in [-1, 1], of <see cref="ViewConfig.EightBit"/> views in their 256 values, and random token ids: a step takes the same time
    /// whatever it sees.
    /// </summary>
    public static Batch Noise(SilcConfig config, int size)
    {
        var batch = new Batch(config, size);
        var random = new Random(0);
        foreach (var views in (float[][])[batch.Global, batch.Local])
        {
            foreach (ref var x in views.AsSpan()) x = random.NextSingle();
            if (config.Views.EightBit) EightBitPixels.Round(views);
            Photometric.ToSigned(views);
        }
        foreach (ref var id in batch.Tokens.AsSpan()) id = random.Next(config.VocabSize);
        return batch;
    }
}
