using System.Diagnostics;
using Silc.Samples.Models;
using Silc.Samples.Training;

namespace Silc.Samples.Bench;

/// <summary>Time and memory to write, load, use, save and export a model of a preset's size, with random weights.</summary>
static class LoadBench
{
    const int PieceFloats = 1 << 20, Embedded = 8;

    static TimeSpan counted;

    /// <summary>
    /// Writes the model to a temporary folder; <paramref name="divide"/> takes that part of its layers and vocabulary, and
    /// <paramref name="vocabulary"/> another number of words. With <paramref name="exports"/> it also embeds images and is written in each format.
    /// </summary>
    public static void Run(string deviceName, string preset, int divide, int? vocabulary, ModelFormat format, bool exports)
    {
        using var device = Silc.Device.Open(deviceName);
        Console.WriteLine($"device   {device}");
        var full = SilcConfig.Preset(preset);
        var config = full with
        {
            Image = full.Image with { Depth = Math.Max(1, full.Image.Depth / divide) },
            Text = full.Text with { Depth = Math.Max(1, full.Text.Depth / divide) },
            VocabSize = Math.Max(1, (vocabulary ?? full.VocabSize) / divide),
            Contrastive = ContrastiveKind.Sigmoid,
        };
        var folder = Directory.CreateTempSubdirectory("silc-load-").FullName;
        try
        {
            Measure(device, RandomWeights(config), format, folder, exports);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Measure(Device device, ModelWeights weights, ModelFormat format, string folder, bool exports)
    {
        counted = Environment.CpuUsage.TotalTime;
        var (memory, clock) = (new PeakMemory(), Stopwatch.StartNew());
        ModelWriter.Write(weights, format, folder);
        Console.WriteLine($"{weights.TowerParameterCount:N0} parameters, {ModelSummary.Size(4 * weights.TowerParameterCount)}");
        Report("written", clock, memory, weights);

        (memory, clock) = (new(), Stopwatch.StartNew());
        using var model = SilcModel.Load(device, folder);
        Report("loaded", clock, memory, weights);

        (memory, clock) = (new(), Stopwatch.StartNew());
        model.Save(Path.Combine(folder, "saved.safetensors"));
        Report("saved", clock, memory, weights);
        File.Delete(Path.Combine(folder, "saved.safetensors"));
        if (!exports) return;

        (memory, clock) = (new(), Stopwatch.StartNew());
        model.EmbedPixels(new float[Embedded * 3 * model.Config.ImageSize * model.Config.ImageSize]);
        Report($"embedded {Embedded} images", clock, memory, weights);
        foreach (var name in ModelFormats.Names) Export($"to {name}", path =>
        {
            using var file = ModelFile.Open(folder);
            ModelWriter.Write(file.Weights, ModelFormats.Parse(name), path);
        });
        Export("to onnx", path =>
        {
            using var file = ModelFile.Open(folder);
            OnnxExport.Write(file.Weights, path);
        });

        // As silc convert and silc export do: from file to file.
        void Export(string what, Action<string> write)
        {
            var target = Path.Combine(folder, "export");
            Directory.CreateDirectory(target);
            (memory, clock) = (new(), Stopwatch.StartNew());
            try
            {
                write(target);
                Report(what, clock, memory, weights);
            }
            catch (ArgumentException refused)
            {
                Console.WriteLine($"{what,-8} {refused.Message}");
            }
            Directory.Delete(target, recursive: true);
        }
    }

    // The processor's time of all threads beside the clock's, which on a shared machine says little.
    static void Report(string what, Stopwatch clock, PeakMemory memory, ModelWeights weights)
    {
        var busy = Environment.CpuUsage.TotalTime - counted;
        counted += busy;
        var (seconds, bytes, size) = (clock.Elapsed.TotalSeconds, memory.Bytes, 4.0 * weights.TowerParameterCount);
        Console.WriteLine($"{what,-8} in {seconds:F2} s, {busy.TotalSeconds:F2} s of processors, {size / seconds / 1e9:F2} GB/s, "
            + $"at most {ModelSummary.Size(bytes)} of memory, {bytes / size:F2} of the model");
    }

    static ModelWeights RandomWeights(SilcConfig config)
    {
        var random = new Random(1);
        var piece = new float[PieceFloats];
        for (int i = 0; i < piece.Length; i++) piece[i] = (random.NextSingle() - 0.5f) * 0.05f;
        return new(config, HasHead: false, (name, sink) =>
        {
            for (long left = Count(config, name); left > 0; left -= PieceFloats) sink(piece.AsSpan(0,
                (int)Math.Min(left, PieceFloats)));
        });
    }

    static long Count(SilcConfig config, string name) =>
        ModelWeights.Shape(config, name).Aggregate(1L, (product, size) => product * size);
}
