using System.CommandLine;
using Silc.Samples.Data;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc data inspect</c>: what is in a data set, before training on it.</summary>
static class DataInspectCommand
{
    static readonly Option<string> Data = DataOption.Create();
    static readonly Option<string> Preset =
        new("--preset") { Description = "Whose views to show.", HelpName = "NAME", DefaultValueFactory = _ => "s" };
    static readonly Option<int> Most = new("--most")
    {
        Description = "Pairs to read, spread over the set.",
        HelpName = "N",
        DefaultValueFactory = _ =>
        10_000
    };
    static readonly Option<string> Sheet = new("--sheet")
    {
        Description = "PNG of augmented views with their captions.",
        HelpName = "FILE",
        DefaultValueFactory = _ => "views.png"
    };

    public static Command Create()
    {
        var command = new Command("inspect", """
            Read a data set and say what is in it: sizes, captions, duplicates, what cannot be read; and draw the views that training would see.

            Example: silc data inspect --data captions.csv --preset b --augment flip,jitter --sheet views.png
            """) {
            Data, Preset, Most, Sheet,
        };
        foreach (var option in DataOption.Reading.Concat(ViewOptions.All)) command.Add(option);
        command.SetAction(Inspect);
        return command;
    }

    static int Inspect(ParseResult parsed)
    {
        var (most, sheet) = (parsed.GetValue(Most), parsed.GetValue(Sheet)!);
        if (most < 1) throw new ArgumentException($"--most is {most}, it must be at least 1");
        OutputGuard.Check(parsed, Output.Sheet(sheet));
        var source = DataOption.Open(parsed.GetRequiredValue(Data), seed: 0, parsed, needCaptions: false);
        var config = SilcConfig.Preset(parsed.GetValue(Preset)!);
        config = config with { Views = ViewOptions.Of(config.Views, parsed) };
        var found = DataInspection.Of(source, most);
        var images = source.Count == 1 ? "image" : "images";
        Console.WriteLine($"{source.Name}: {source.Count:N0} {images}, {found.Read + found.Bad.Count:N0} of them looked at");
        Show(found);
        foreach (var line in found.Bad.Take(5)) Console.WriteLine($"unreadable: {line}");
        ViewSheet.Write(sheet, source, config);
        Console.WriteLine($"wrote {sheet}: views of a few images as training would see them");
        return 0;
    }

    static void Show(DataInspection found)
    {
        var table = new Table().AddColumns("", "least", "median", "most");
        for (int i = 1; i < 4; i++) table.Columns[i].RightAligned();
        foreach (var (name, values) in found.Ranges)
            if (values.Count > 0) table.AddRow(name, $"{values[0]:0.##}", $"{values[values.Count / 2]:0.##}", $"{values[^1]:0.##}");
        Terminal.Write(table);
        Console.WriteLine($"duplicates: {found.DuplicateImages:N0} images equal an earlier one, {found.DuplicateCaptions:N0} captions an earlier "
            + "one");
        if (found.WithoutCaptions > 0)
            Console.WriteLine($"without captions: {found.WithoutCaptions:N0} images, which training on images alone takes (--contrastive-weight 0, "
                + "as in --recipe dino), and training with captions leaves out");
        Console.WriteLine($"transparent: {found.Transparent:N0} images; unreadable: {found.Bad.Count:N0}");
    }
}
