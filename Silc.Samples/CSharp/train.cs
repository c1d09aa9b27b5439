#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Trains a small model on images that the library draws, with checkpoints: run it again after Ctrl-C and it goes on.
//   dotnet run -c Release Silc.Samples/CSharp/train.cs -- [FOLDER] [STEPS]          (runs/csharp, 200)
// Your own images: new CsvSource("captions.csv"), new FolderSource("photos"), new WebDatasetSource("shards-{000..010}.tar").

using Silc;
using Silc.Datasets;

var path = args.Length > 0 ? args[0] : "runs/csharp";
int steps = args.Length > 1 ? int.Parse(args[1]) : 200;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

using var device = Device.Best();
var tokenizer = new WordTokenizer(4096);
var tower = TowerConfig.Mini with { Width = 64, Depth = 2, Heads = 2, MlpDim = 128 };
var config = new SilcConfig(tower, tower, ImageSize: 48, TextLength: 12, VocabSize: tokenizer.VocabSize,
    Head: new(128, 32, 256), Views: new(Global: 1, Local: 2, LocalSize: 16));
using var model = SilcModel.Create(device, config, seed: 42, tokenizer);

using var folder = RunFolder.Open(path, new SavePolicy(EverySteps: 100));
var data = new DemoSource(count: 4096, seed: 0, size: 64);
using var run = new TrainRun(model, data, new TrainConfig(BatchSize: 32, TotalSteps: steps, LearningRate: 2e-3, EmaMomentum: 0.98), folder);
var end = run.Run(report => Console.WriteLine(
    $"step {report.Metrics.Step,4}  loss {report.Metrics.Loss:F3}  {report.SamplesPerSecond:F0} images/s"), reportEvery: 20, stop: stop.Token);
Console.WriteLine($"{end}: {folder.At("model.safetensors")}");
