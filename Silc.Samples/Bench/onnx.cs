#:package Microsoft.ML.OnnxRuntime
#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Images embedded a second by Silc and by ONNX Runtime, which gets the same model as silc export onnx writes it, in float32, taking turns on all
// cores; Silc in 8 bits with --precision int8:
//   dotnet run -c Release Silc.Samples/Bench/onnx.cs -- mini ti b
//   dotnet run -c Release Silc.Samples/Bench/onnx.cs -- b --batch 1 --rounds 9 --precision int8
// A turn is a second of calls, after a pause in which the other's threads fall asleep. Ratios are medians of those of neighbouring turns: by the
// clock, by the fastest call of a turn, and by the time that processors worked. On a machine that others use too the latter two count: the fastest
// call for small models, processor time with --threads 1, where nobody waits, for large ones.

using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Silc;

const double Turn = 1, Pause = 0.1;

var (presets, batches, rounds, threads, precision) = (new List<string>(), new List<int>(), 7, Environment.ProcessorCount, Precision.Float32);
for (int i = 0; i < args.Length; i++)
{
    if (args[i] == "--batch" && i + 1 < args.Length && int.TryParse(args[i + 1], out var batch) && batch > 0) batches.Add(batch);
    else if (args[i] == "--rounds" && i + 1 < args.Length && int.TryParse(args[i + 1], out rounds) && rounds > 0) { }
    else if (args[i] == "--threads" && i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0) { }
    else if (args[i] == "--precision" && i + 1 < args.Length && Enum.TryParse(args[i + 1], ignoreCase: true, out precision)) { }
    else if (SilcConfig.PresetNames.Contains(args[i]))
    {
        presets.Add(args[i]);
        continue;
    }
    else
    {
        Console.Error.WriteLine($"usage: dotnet run -c Release onnx.cs -- PRESET... [--batch N]... [--rounds N] [--threads N] "
            + "[--precision float32|int8]; presets are "
            + string.Join(", ", SilcConfig.PresetNames));
        return 2;
    }
    i++;
}
if (presets.Count == 0) presets = ["mini", "ti", "b"];
if (batches.Count == 0) batches = [1, 16];

using var device = Device.Cpu(threads, precision);
Console.WriteLine($"{device}; ONNX Runtime {OrtEnv.Instance().GetVersionString()}");
Console.WriteLine("| preset | batch | Silc images/s, fastest call | ONNX Runtime | ratio of all | of the turns | fastest calls | of the turns "
    + "| processor time | of the turns | largest difference |");
Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
foreach (var preset in presets)
{
    using var model = SilcModel.Create(device, SilcConfig.Preset(preset), seed: 0);
    var folder = Directory.CreateTempSubdirectory("silc-onnx-").FullName;
    try
    {
        OnnxExport.Write(model.Weights, folder);
        using var settings = new SessionOptions { IntraOpNumThreads = threads };
        using var session = new InferenceSession(Path.Combine(folder, OnnxExport.ImageName), settings);
        foreach (var batch in batches) Compare(preset, model, session, batch);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}
return 0;

void Compare(string preset, SilcModel model, InferenceSession session, int batch)
{
    int size = model.Config.ImageSize;
    var (pixels, random) = (new float[batch * size * size * 3], new Random(0));
    foreach (ref var x in pixels.AsSpan()) x = 2 * random.NextSingle() - 1;
    // Rows of RGB pixels to one plane a channel.
    var planes = new float[pixels.Length];
    for (int i = 0; i < pixels.Length; i++)
        planes[(i / (3 * size * size) * 3 + i % 3) * size * size + i / 3 % (size * size)] = pixels[i];
    using var input = OrtValue.CreateTensorValueFromMemory(planes, [batch, 3, size, size]);
    using var options = new RunOptions();
    float[] theirs = [], ours = [];
    void Ours() => ours = model.EmbedPixels(pixels).Values.ToArray();
    void Theirs()
    {
        using var results = session.Run(options, ["pixel_values"], [input], ["image_embeds"]);
        theirs = results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    List<((double Clock, double Fastest, double Busy) Ours, (double Clock, double Fastest, double Busy) Theirs)> rates = [];
    for (int round = 0; round <= rounds; round++)
    {
        var oursFirst = round % 2 == 0;
        var first = Rate(oursFirst ? Ours : Theirs);
        var second = Rate(oursFirst ? Theirs : Ours);
        // In the first, methods are compiled and memory is touched.
        if (round > 0) rates.Add(oursFirst ? (first, second) : (second, first));
    }
    var difference = ours.Zip(theirs, (a, b) => Math.Abs(a - b)).Max();
    var (fastest, theirFastest) = (Median(rates.Select(pair => pair.Ours.Fastest)), Median(rates.Select(pair => pair.Theirs.Fastest)));
    Console.WriteLine($"| {preset} | {batch} | {fastest:F1} | {theirFastest:F1} | "
        + $"{Spread(pair => pair.Ours.Clock / pair.Theirs.Clock)} | {Spread(pair => pair.Ours.Fastest / pair.Theirs.Fastest)} | "
        + $"{Spread(pair => pair.Ours.Busy / pair.Theirs.Busy)} | {difference:E1} |");

    string Spread(Func<((double Clock, double Fastest, double Busy) Ours, (double Clock, double Fastest, double Busy) Theirs), double> of)
    {
        double[] ratios = [.. rates.Select(of).Order()];
        return $"{ratios[ratios.Length / 2]:F2} | {ratios[0]:F2} to {ratios[^1]:F2}";
    }

    // Images a second.
    (double Clock, double Fastest, double Busy) Rate(Action embed)
    {
        Thread.Sleep(TimeSpan.FromSeconds(Pause));
        embed();
        var (calls, shortest, clock, busy) = (0, double.MaxValue, Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        for (; clock.Elapsed.TotalSeconds < Turn || calls < 2; calls++)
        {
            var begun = Stopwatch.GetTimestamp();
            embed();
            shortest = Math.Min(shortest, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }
        return (calls * batch / clock.Elapsed.TotalSeconds, batch / shortest, calls * batch / (Environment.CpuUsage.TotalTime - busy).TotalSeconds);
    }
}

static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
