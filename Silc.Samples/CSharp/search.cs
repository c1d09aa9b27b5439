#:project ../../Silc.Gpu/Silc.Gpu.csproj
#:property PublishAot=false
#:property NoWarn=CS1591

// Embeds images into an index, keeps it, and searches it by words or by an image.
//   dotnet run -c Release Silc.Samples/CSharp/search.cs -- [MODEL] ["a red star" | IMAGE] [IMAGES...]          (after train.cs)
// Without images it draws some.

using Silc;
using Silc.Datasets;

var path = args.Length > 0 ? args[0] : "runs/csharp/model.safetensors";
var query = args.Length > 1 ? args[1] : "a red star";

using var device = Device.Best();
using var model = SilcModel.Load(device, path);

var index = args.Length > 2 ? Files(args[2..]) : Drawn();
var file = Path.Combine(Path.GetDirectoryName(path)!, "index.npy");
index.Save(file);       // index.npy and a table of paths, which `silc search` reads, too
index = EmbeddingIndex.Load(file);

var wanted = File.Exists(query) ? model.EmbedImage(query) : model.EmbedTexts([query]);
Console.WriteLine($"{query}, among {index.Rows.Count} images of {index.Rows.Width} values:");
foreach (var hit in Search.Find(index, wanted, k: 5, device.FindNeighbours)[0])
    Console.WriteLine($"{hit.Score,7:F3}  {hit.Path}  {hit.Title}");

EmbeddingIndex Files(string[] files) => new(model.EmbedImages(files), files, [.. files.Select(name => Path.GetFileName(name)!)], model.Fingerprint());

EmbeddingIndex Drawn()
{
    var images = DemoSource.Evaluation(perClass: 2, seed: 1, size: 64);
    int[] rows = [.. Enumerable.Range(0, images.Count)];
    return new(model.EmbedImages(images), [.. rows.Select(row => $"drawn-{row}")], [.. rows.Select(row => images.ClassNames[images.Label(row)])],
        model.Fingerprint());
}
