using System.CommandLine;
using System.Diagnostics;
using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Report;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc report</c>: a run as one page.</summary>
static class ReportCommand
{
    const string PageName = "report.html";
    const int UsualImages = 200;

    static readonly Argument<string> Run = new("RUN") { Description = "A folder that silc train or silc head train is writing or has written." };
    static readonly Option<string?> Data = new("--data")
    {
        Description = "What to measure on, best held out; for runs on the demo or emoji that is known.",
        HelpName = DataOption.Create().HelpName,
    };
    static readonly Option<string?> Out = new("--out")
    {
        Description = $"The page; RUN/{PageName} unless given. Its images go into a folder of that name beside it.",
        HelpName = "FILE.html",
    };
    static readonly Option<string?> Model = new("--model")
    {
        Description = "Of a head, the model that it was trained on, where that does not lie any more where it did.",
        HelpName = ModelOption.Create().HelpName,
    };
    static readonly Option<int?> Images = new Option<int?>("--images", "--pictures")
    {
        Description = $"Of a head on demo or emoji, scenes to draw and ask it about; {UsualImages} unless given.",
        HelpName = "N",
    }.From(2);
    static readonly Option<bool> NoEval = new("--no-eval") { Description = "Measure nothing: only what training has written." };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("report", """
            Write one self-contained HTML page about a run: losses, health, scores, confusion, retrieval, segmentation, patch features, speed,
            command and versions; and its plots as PNG. A run that is at work or was stopped gives a page of what there is.
            Of a head it shows loss and measures, scores beside their floors, and images with truth and answer, the worst mistakes first.

            Examples:
              silc report runs/demo
              silc report runs/adapter --images 400
              silc report runs/mine --data held-out.csv --device cuda
              silc report runs/mine --no-eval --out pages/mine.html
            """)
        { Run, Data, Model, Images, Out, NoEval, EvalOptions.Resize, EvalOptions.Background, Device };
        foreach (var option in DataOption.Reading) command.Add(option);
        command.SetAction(Write);
        return command;
    }

    static int Write(ParseResult parsed)
    {
        var folder = parsed.GetRequiredValue(Run);
        if (HeadRecord.Is(folder)) return WriteHead(parsed, folder);
        if (((Option[])[Model, Images]).FirstOrDefault(option => parsed.GetResult(option) is not null) is { } wrong)
            throw new ArgumentException($"{wrong.Name} is for the folder of a head, and {folder} is not one");
        var run = RunRecord.Open(folder);
        var (page, images) = Places(parsed, folder);
        var given = parsed.GetValue(Data);
        if (given is null && DataOption.Reading.FirstOrDefault(option => parsed.GetResult(option) is not null) is { } alone)
            throw new ArgumentException($"{alone.Name} says how to read --data: give that too");

        List<string> missing = [.. run.Missing];
        var (evaluation, here) = parsed.GetValue(NoEval) ? default : Measure(parsed, run, given, missing);
        if (parsed.GetValue(NoEval)) missing.Add("nothing was measured: --no-eval");
        var report = new RunReport(run, evaluation, missing, here);
        int count = report.WriteImages(images);
        report.WritePage(page);
        Say(page, count, images, missing);
        return 0;
    }

    static int WriteHead(ParseResult parsed, string folder)
    {
        var record = HeadRecord.Open(folder);
        var (page, images) = Places(parsed, folder);
        if (DataOption.Reading.FirstOrDefault(option => parsed.GetResult(option) is not null) is { } reading)
            throw new ArgumentException($"{reading.Name}: a head's data are read as in its training, which {HeadLine.Name} in its folder keeps");
        List<string> missing = [.. record.Missing];
        var (answers, asked, here) = parsed.GetValue(NoEval) ? default : Ask(parsed, record, missing);
        if (parsed.GetValue(NoEval)) missing.Add("nothing was measured: --no-eval");
        var report = new HeadPage(record, answers, asked, missing, here);
        int count = report.WriteImages(images);
        report.Write(page);
        Say(page, count, images, missing);
        return 0;
    }

    static (HeadAnswers?, string?, SessionNote?) Ask(ParseResult parsed, HeadRecord record, List<string> missing)
    {
        var told = record.File.Description;
        var task = HeadTask.Of(told.Kind);
        var line = record.Line ?? new(task.Name, new Dictionary<string, string[]>());
        var name = parsed.GetValue(Model) ?? line.Word("--model") ?? told.TowerName;
        var data = parsed.GetValue(Data);
        if (name is null || data is null && line.Word("--data") is null)
        {
            missing.Add("nothing was measured, because "
                + (name is null ? "the model is not known: give --model" : "the data are not known: give --data"));
            return default;
        }
        if (data is null && !HeadLine.HasOthers(line.Word("--data")!))
            missing.Add("scores are those of the images that it was trained on; give --data with others");
        var clock = Stopwatch.StartNew();
        var asking = task.Eval();
        var options = line.Asking(asking, name, record.Folder, data, parsed.GetValue(Images) ?? UsualImages, parsed.GetValue(Device));
        var asked = HeadLine.Parse(asking, options);
        HeadAsking ask;
        try
        {
            ask = task.Open(asked);
        }
        catch (Exception error) when (data is null && error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            missing.Add($"nothing was measured, because its data cannot be read: {error.Message}");
            return default;
        }
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var model = ModelOption.Load(device, ShippedModel.Locate(name), asked, task.NeedsText);
        var head = task.Load(model, record.Folder);
        using var owned = (IDisposable)head;
        var answers = ask(model, head, floors: true);
        // What is drawn of the images asks the head and its model once more.
        var drawn = answers.Pictures();
        Console.WriteLine($"measured in {clock.Elapsed.TotalSeconds:F0} s on {device}");
        return (answers with { Pictures = () => drawn }, $"silc head eval {task.Name} {HeadLine.Typed(options)}",
            SessionNote.Of(model, trainer: null));
    }

    static void Say(string page, int count, string images, IEnumerable<string> missing)
    {
        foreach (var line in missing) Console.WriteLine($"note     {line}");
        Console.WriteLine($"wrote {page} ({new FileInfo(page).Length / 1e6:F1} MB) and {count} images in {images}");
    }

    // The page, and the folder of its images.
    static (string Page, string Images) Places(ParseResult parsed, string folder)
    {
        var page = parsed.GetValue(Out) ?? Path.Combine(folder, PageName);
        if (Path.GetExtension(page).ToLowerInvariant() is not (".html" or ".htm")) throw new ArgumentException($"--out {page}: name a FILE.html");
        var images = Path.Combine(Path.GetDirectoryName(page) ?? "", Path.GetFileNameWithoutExtension(page));
        OutputGuard.Check(parsed, Output.Page(page));
        if (!File.Exists(page)) OutputGuard.CheckFolder(images, "the images of the page", SheetFile.IsSheet);
        return (page, images);
    }

    static (RunEvaluation?, SessionNote?) Measure(ParseResult parsed, RunRecord run, string? given, List<string> missing)
    {
        if (run.Weights is null) return default;
        Func<SilcModel, RunEvaluation>? evaluate;
        try
        {
            evaluate = given is not null ? Questions(given, held: true, () => DataOption.Open(given, seed: 0, parsed), missing)
                : run.Data is not { } data ? null
                : Questions(data, held: false, () => DataOption.Open(data, seed: 0, run.Line!, needCaptions: false), missing);
        }
        catch (Exception error) when (given is null
            && error is IOException or InvalidDataException or ArgumentException or UnauthorizedAccessException)
        {
            missing.Add($"nothing was measured, because the run's data cannot be read: {error.Message}");
            return default;
        }
        if (evaluate is null)
        {
            missing.Add("nothing was measured: the run does not say what it was trained on; give --data");
            return default;
        }
        var clock = Stopwatch.StartNew();
        using var device = Silc.Device.Open(parsed.GetValue(Device)!);
        using var file = ModelFile.Open(run.Weights);
        using var model = SilcModel.From(device, file.Weights, file.Config with { Images = EvalOptions.RuleOf(parsed, file.Config.Images) },
            file.Tokenizer?.Open());
        if (model.Tokenizer is null)
        {
            missing.Add("nothing was measured: the run brings no tokenizer, so that its model cannot be asked in words");
            return default;
        }
        var (evaluation, here) = (evaluate(model), SessionNote.Of(model, trainer: null));
        Console.WriteLine($"measured in {clock.Elapsed.TotalSeconds:F0} s on {device}");
        return (evaluation, here);
    }

    // The data are opened before the device, and a wrong name is found at once.
    static Func<SilcModel, RunEvaluation> Questions(string data, bool held, Func<IImageTextSource> open, List<string> missing)
    {
        if (DemoSet.LevelOf(data) is { } level) return model => RunEvaluation.Demo(model, data, level);
        if (DataOption.EmojiFolder(data) is { } folder && DataOption.OpenEmoji(folder) is var set) return model =>
            RunEvaluation.Emoji(model, data, set);
        var source = open();
        if (source is ILabelled { Classes: { } labels } classes && !ClassScores.HasNumbers(labels))
        {
            if (!held) missing.Add("scores are those of the images that it was trained on; give --data classes:FOLDER with others");
            return model => RunEvaluation.ByClass(model, classes);
        }
        if (held) return model => RunEvaluation.Captions(model, source);
        missing.Add("no scores: images that it was trained on say little; give --data with others, and patch features are theirs too");
        return model => RunEvaluation.Look(model, source);
    }
}
