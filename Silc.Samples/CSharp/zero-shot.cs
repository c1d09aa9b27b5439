#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Says which of some words an image shows; without arguments, how often that is right on images that were never trained on.
//   dotnet run -c Release Silc.Samples/CSharp/zero-shot.cs -- [MODEL] [IMAGE "a red circle" "a blue star"...]          (after train.cs)

using Silc;
using Silc.Datasets;

using var device = Device.Best();
using var model = SilcModel.Load(device, args.Length > 0 ? args[0] : "runs/csharp/model.safetensors");

if (args is [_, var image, .. { Length: > 0 } labels])
{
    foreach (var answer in model.Classify(ImageFile.Read(image), labels, Prompts.NameOnly))
        Console.WriteLine($"{answer.Probability,7:P1}  cosine {answer.Score:F3}  {answer.Label}");
    return;
}
var heldOut = DemoSource.Evaluation(perClass: 2, seed: 1, size: 64);
var predicted = ZeroShot.Predict(model.EmbedImages(heldOut), model.EmbedTexts(heldOut.Kinds.Captions));
var (kind, colour, shape) = heldOut.Kinds.Accuracy(predicted, [.. Enumerable.Range(0, heldOut.Count).Select(heldOut.Label)]);
Console.WriteLine($"{heldOut.Count} held-out images: {kind:P1} right of {heldOut.ClassNames.Count} classes, colour {colour:P1}, shape {shape:P1}");
