using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Silc.Samples.Heads;

namespace Silc.Samples.Commands;

/// <summary><c>silc detect</c>: things in a user's own images, by words.</summary>
static class DetectCommand
{
    const string Overlay = ".overlay.png", Table = "detections.json";

    static readonly JsonSerializerOptions indented = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    static readonly Argument<string[]> Images =
        new("IMAGE") { Description = "Images, or folders of them.", Arity = ArgumentArity.OneOrMore };
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: true);
    static readonly Option<string?> Classes = new("--classes")
    {
        Description = "What to look for: names with commas between, or a file with one a line. Those that the head was trained on unless given.",
        HelpName = "NAME,NAME|FILE",
    };
    static readonly Option<double> Least = new Option<double>("--least")
    {
        Description = "Lowest score of what is found, 0 to 1.",
        HelpName = "P",
        DefaultValueFactory = _ => 0.3,
    }.From(0);
    static readonly Option<string> Out = new("--out")
    {
        Description = $"A new or empty folder: for each image NAME{Overlay}, and for all of them {Table}, boxes as left, top, width, height in "
            + "pixels.",
        HelpName = "FOLDER",
        Required = true,
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("detect", """
            Find things named by words in images, by a head that was trained on a model.

            Example: silc detect street.jpg photos --model mini --head runs/finder --classes "red,blue" --out found
            """) { Images, Model, Head, Classes, Least, DetectionData.Objectness, Out, Device, ModelOption.Tokenizer };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, folder) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Out));
        if (parsed.GetValue(Least) > 1) throw new ArgumentException($"--least {parsed.GetValue(Least)}: it is a probability, at most 1");
        UserImages.RequireNew(folder);
        var files = UserImages.Some(parsed.GetValue(Images) ?? []);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = DetectionHead.Load(model, parsed.GetValue(Head)!);
        var classes = SegmentCommand.ClassesOf(parsed.GetValue(Classes), head.Description.Seen);
        HeadTexts.Check(classes, model.Tokenizer);
        var prototypes = head.Prototypes(classes);
        Detect(head, prototypes, files, parsed.GetValue(Least), parsed.GetValue(DetectionData.Objectness), folder);
        return 0;
    }

    static void Detect(DetectionHead head, ClassPrototypes classes, List<string> files, double least, bool objectness, string folder)
    {
        var (names, rows, things) = (new HashSet<string>(StringComparer.OrdinalIgnoreCase), new List<object>(), 0);
        UserImages.Each(files.Count, 1, i => (files[i], ImageFile.Read(files[i])), some =>
        {
            var (index, file, image) = some[0];
            var found = head.Detect(image, classes, least: least, objectness: objectness);
            things += found.Count;
            var large = DetectionScoring.Large(image, out double factor);
            ImageFile.Write(Path.Combine(folder, SegmentCommand.NameOf(file, index, names) + Overlay),
                BoxPainter.Draw(large, DetectionScoring.Scaled(DetectionScoring.Shapes(found, classes.Names), factor)));
            rows.Add(new
            {
                Image = file,
                image.Width,
                image.Height,
                Things = found.Select(one => new { Name = classes.Names[one.Label], Score = Math.Round(one.Score, 4), Box = Rounded(one.Box) }),
            });
        });
        AtomicFile.WriteText(Path.Combine(folder, Table), JsonSerializer.Serialize(rows, indented) + "\n");
        Console.WriteLine($"found {things:N0} things in {rows.Count:N0} images; wrote overlays and {Table} to {folder}");
    }

    static double[] Rounded(Box box) => [Math.Round(box.X, 2), Math.Round(box.Y, 2), Math.Round(box.Width, 2), Math.Round(box.Height, 2)];
}
