#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Gives each pixel of an image the word that its patch is closest to, and paints the words over it.
//   dotnet run -c Release Silc.Samples/CSharp/segment.cs -- [MODEL] [IMAGE "sky" "grass" "cow"...]          (after train.cs)
// Without an image it draws a scene, and says how much of it is right.

using Silc;
using Silc.Datasets;

var path = args.Length > 0 ? args[0] : "runs/csharp/model.safetensors";
using var device = Device.Best();
using var model = SilcModel.Load(device, path);

var scenes = new DemoSegmentation(count: 8, seed: 1);
var given = args is [_, _, _, ..];
var classes = given ? ClassList.Of(args[2..]) : scenes.Classes;
var image = given ? ImageFile.Read(args[1]) : scenes.Read(0).Image;
var segmenter = model.Segmenter(model.Prototypes(classes, Prompts.NameOnly));

var map = segmenter.Segment(image);
foreach (var (label, pixels) in map.Labels.CountBy(label => label).OrderByDescending(count => count.Value))
    Console.WriteLine($"{pixels / (double)map.Labels.Length,6:P0}  {classes.Names[label]}");
var painted = Path.Combine(Path.GetDirectoryName(path)!, "segments.png");
ImageFile.Write(painted, SegmentationPainter.Overlay(image, map, label => SegmentationPainter.UsualColour(label, background: false)));
Console.WriteLine(painted);

if (!given)
{
    var scores = SegmentationScores.Of(segmenter, scenes);
    Console.WriteLine($"{scenes.Count} scenes: {scores.Accuracy:P1} of the pixels right, mean IoU {scores.MeanIntersectionOverUnion():P1}");
}
