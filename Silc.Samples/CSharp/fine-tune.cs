#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Goes on from a model's weights with other images: the text tower stands still, the image tower learns at half the rate.
//   dotnet run -c Release Silc.Samples/CSharp/fine-tune.cs -- [MODEL] [STEPS]          (after train.cs; 100)
// Released weights are read by the same line, with a tokenizer: SilcModel.Load(device, "siglip.npz", Tokenizers.Open("spm.model")).

using Silc;
using Silc.Datasets;

var path = args.Length > 0 ? args[0] : "runs/csharp/model.safetensors";
int steps = args.Length > 1 ? int.Parse(args[1]) : 100;

using var device = Device.Best();
using var model = SilcModel.Load(device, path);
var data = new DemoSource(count: 1024, seed: 5, size: 64, DemoLevel.Plain);
var heldOut = DemoSource.Evaluation(perClass: 1, seed: 6, size: 64, DemoLevel.Plain);
Console.WriteLine($"before: {TopFive():P1} of {heldOut.Count} held-out images have their words among the best five");

var train = new TrainConfig(BatchSize: 32, TotalSteps: steps, LearningRate: 5e-4, DistillationWeight: 0,
    RateRules: [new("txt/.*", 0), new("img/.*", 0.5)]);
using (var run = new TrainRun(model, data, train))
    run.Run(report => Console.WriteLine($"step {report.Metrics.Step,4}  contrast {report.Metrics.Contrastive:F3}"), reportEvery: 20);

var tuned = Path.Combine(Path.GetDirectoryName(path)!, "tuned.safetensors");
model.Save(tuned);
Console.WriteLine($"after:  {TopFive():P1}; {tuned}");

double TopFive() => ZeroShot.Accuracy(model.EmbedImages(heldOut), model.EmbedTexts(heldOut.Kinds.Captions),
    [.. Enumerable.Range(0, heldOut.Count).Select(heldOut.Label)], k: 5);
