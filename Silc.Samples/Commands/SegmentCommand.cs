using System.CommandLine;
using Silc.Samples.Heads;

namespace Silc.Samples.Commands;

/// <summary><c>silc segment</c>: a user's own images, by words.</summary>
static class SegmentCommand
{
    const string Overlay = ".overlay.png", Labels = ".labels.png", Names = "classes.txt";

    static readonly Argument<string[]> Images = new("IMAGE")
    {
        Description = "Images, or folders of them; or name data by --data.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    static readonly Option<string> Model = ModelOption.Create();
    static readonly Option<string?> Head = HeadOptions.Head(required: false);
    static readonly Option<string?> Data = new("--data")
    {
        Description = DataOption.Create().Description,
        HelpName = DataOption.Create().HelpName,
    };
    static readonly Option<string?> Classes = new("--classes")
    {
        Description = "What to look for: names with commas between, or a file with one a line. Those that the head was trained on unless given.",
        HelpName = "NAME,NAME|FILE",
    };
    static readonly Option<string> Out = new("--out")
    {
        Description = $"A new or empty folder: for each image NAME{Overlay}, its labels in colour over it, and NAME{Labels}, whose grey values are "
            + $"lines of {Names}, from 0.",
        HelpName = "FOLDER",
        Required = true,
    };
    static readonly Option<int> Count = new Option<int>("--images", "--pictures")
    {
        Description = "Most images of --data.",
        HelpName = "N",
        DefaultValueFactory = _ => 100,
    }.From(1);
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("segment", """
            Segment images into classes named by words: by a model alone, or by a head that was trained on it.

            Examples:
              silc segment street.jpg park.jpg --model runs/mine --head runs/ade --classes "road,tree,car" --out found
              silc segment --data demo --images 8 --model mini --classes "red,blue,green" --out found
            """) { Images, Model, Head, Data, Classes, Out, Count };
        foreach (var option in (Option[])[.. SegmentationOptions.Seeing, HeadOptions.Slide, .. PromptOptions.All, .. RefinementOptions.All, Device,
            EvalOptions.Resize, EvalOptions.Background, .. DataOption.Reading, ModelOption.Tokenizer]) command.Add(option);
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (name, folder) = (parsed.GetRequiredValue(Model), parsed.GetRequiredValue(Out));
        UserImages.RequireNew(folder);
        var files = UserImages.Files(parsed.GetValue(Images) ?? []);
        var data = parsed.GetValue(Data);
        if (data is null == (files.Count == 0)) throw new ArgumentException("name images, or data by --data: one of both");
        var refinement = RefinementOptions.Of(parsed);
        if (refinement is not null && parsed.GetValue(Head) is { } given)
            throw new ArgumentException($"{RefinementOptions.All.First(option => parsed.GetResult(option) is not null).Name} refines a model without "
                + $"a head: leave it or --head {given} out");
        var source = data is null ? null : DataOption.Open(data, seed: 0, parsed, needCaptions: false);
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, name, parsed);
        using var head = parsed.GetValue(Head) is { } path ? HeadOptions.Open(model, path, SegmentationOptions.WindowOf(parsed)) : null;
        var classes = ClassesOf(parsed.GetValue(Classes), head?.Description.Seen);
        HeadTexts.Check(classes, model.Tokenizer);
        var templates = PromptOptions.HasTemplates(parsed) || head is null ? PromptOptions.TemplatesOf(parsed, "segmentation")
            : head.Description.Templates;
        var aliases = PromptOptions.AliasesOf(parsed, head?.Description.Aliases ?? AliasUse.First);
        var prototypes = head?.Prototypes(classes, templates, aliases) ?? model.Prototypes(classes, templates, aliases);
        var windows = HeadOptions.WindowsOf(parsed, head?.Description.Resolution ?? model.Config.Grid * model.Config.PatchSize);
        windows.Check(model.Config.PatchSize);
        var segmenter = head?.Segmenter(prototypes, windows) ?? model.Segmenter(prototypes, windows: windows, refinement: refinement);
        int count = source is null ? files.Count : Math.Min(source.Count, parsed.GetValue(Count));
        Segment(segmenter, count, index => source is null ? (Path.GetFileName(files[index]), ImageFile.Read(files[index]))
            : source.Read(index) is var pair ? (pair.Key, pair.Image) : default, folder);
        AtomicFile.WriteText(Path.Combine(folder, Names), string.Concat(classes.Names.Select(one => one + "\n")));
        Console.WriteLine($"wrote overlays, labels and {Names} to {folder}");
        return 0;
    }

    static void Segment(ZeroShotSegmenter segmenter, int count, Func<int, (string Name, RgbImage Image)> read, string folder)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        UserImages.Each(count, 1, read, some =>
        {
            var (index, key, image) = some[0];
            var map = segmenter.Segment(image);
            var name = NameOf(key, index, names);
            ImageFile.Write(Path.Combine(folder, name + Overlay),
                SegmentationPainter.Overlay(image, map, label => SegmentationPainter.UsualColour(label, background: false)));
            LabelMapFile.Write(Path.Combine(folder, name + Labels), map);
        });
    }

    // Keys of sources may be paths or words; a.jpg and a.png are two images.
    internal static string NameOf(string key, int index, HashSet<string> names)
    {
        var plain = string.Join('-', Path.GetFileNameWithoutExtension(key).Split(Path.GetInvalidFileNameChars())).Replace(' ', '-');
        var name = plain;
        // A file may be called as another one's number makes it: a-2.jpg beside a.jpg and a.png.
        for (int number = index; name.Length == 0 || !names.Add(name); number++) name = $"{plain}-{number}";
        return name;
    }

    internal static ClassList ClassesOf(string? given, IReadOnlyList<string>? seen)
    {
        if (given is null)
            return seen is not null ? ClassList.Of(seen)
                : throw new ArgumentException("--classes is required: names with commas between, or a file with one a line; a head knows its own");
        if (File.Exists(given)) return ClassList.Read(given);
        var names = given.Split(',', StringSplitOptions.TrimEntries);
        if (Array.Exists(names, name => name.Length == 0))
            throw new ArgumentException($"--classes '{given}': name {Array.IndexOf(names, "") + 1} is empty; there is no file of that name, so it is "
                + "read as names with commas between");
        return ClassList.Of(names);
    }
}
