using System.CommandLine;
using System.Diagnostics;
using Silc.Samples.Heads;
using Silc.Samples.Models;
using Silc.Samples.Outputs;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc head compare</c>: what heads learn on several towers, in one table.</summary>
static class HeadCompareCommand
{
    const string Table = "compare.md", Cells = "cells", Heads = "heads", Untrained = ComparedTower.Untrained;
    const int UsualAsked = 200;

    static readonly Option<string[]> Models = new("--models")
    {
        Description = "Towers: folders or files as --model takes them elsewhere, or mini. Each is called by the last part of its path, or by a name "
            + "before it. Several after a name are one column, each under one of the seeds.",
        HelpName = "DIR NAME=DIR,DIR",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };
    static readonly Option<string> Data = new("--data")
    {
        Description = "demo or demo:hard: colours, shapes, detection, captions and answers. emoji:FOLDER: classes and captions.",
        HelpName = "demo|demo:hard|emoji:FOLDER",
        Required = true,
    };
    static readonly Option<string> Out = new("--out")
    {
        Description = $"Folder for {Table}, a JSON file for each head, and the heads. Heads that are done there are not trained again.",
        HelpName = "DIR",
        Required = true,
    };
    static readonly Option<int> Seeds = OptionForm.Number("--seeds", "Heads of a kind on a tower, with the seeds 0, 1 and so on.", 3).From(1);
    static readonly Option<string?> Tasks = new("--tasks")
    {
        Description = "Some of the tasks that the data have, with commas between; all of them unless given.",
        HelpName = "NAME,NAME",
    };
    static readonly Option<int?> Steps = new Option<int?>("--steps")
    {
        Description = "Steps of every head, in place of 400 of segmentation, 800 of detection, and 600 of captions and answers.",
        HelpName = "N",
    }.From(1);
    static readonly Option<int?> Images = new Option<int?>("--images", "--pictures")
    {
        Description = "Scenes that every head is trained on, in place of 800 of segmentation and detection, and 1,500 of captions and answers.",
        HelpName = "N",
    }.From(2);
    static readonly Option<int> Asked = OptionForm.Number("--asked", "Other scenes that every head is asked about.", UsualAsked).From(2);
    static readonly Option<bool> NoUntrained = new("--no-untrained")
    {
        Description = "Leave out the tower of the first one's sizes with random weights, which is a floor.",
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();

    public static Command Create()
    {
        var command = new Command("compare", $"""
            Train the same heads on several towers and print one table: mean and spread over seeds, beside what is right without looking, without a
            head, and on a tower that was never trained. A difference below two standard deviations is printed as none. Towers that were trained
            from several seeds may share a column. The table, {Table}, is made from one JSON file a head; what was stopped goes on when the command
            is given again. 20 minutes for two towers on two cores.

            Example: silc head compare --models mini runs/contrast --data demo:hard --out runs/towers
            Example: silc head compare --models silc=runs/s0,runs/s1 clip=runs/c0,runs/c1 --seeds 2 --data demo --out runs/towers
            """) { Models, Data, Out, Seeds, Tasks, Steps, Images, Asked, NoUntrained, Device };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (data, folder, device) = (parsed.GetRequiredValue(Data), parsed.GetRequiredValue(Out), parsed.GetValue(Device)!);
        var tasks = TasksOf(data, parsed.GetValue(Tasks));
        int seeds = parsed.GetValue(Seeds);
        List<ComparedTower> towers = [.. ComparedTower.Parse(parsed.GetRequiredValue(Models), seeds)];
        OutputGuard.Check(parsed, new Output(Path.Combine(folder, Table), file => File.ReadLines(file).First().StartsWith("| row |",
            StringComparison.Ordinal)));
        if (!parsed.GetValue(NoUntrained)) towers.Add(UntrainedTower(towers[0], folder, device));
        var prints = towers.SelectMany(tower => tower.Paths).Select(path => (Path: path, Print: FingerprintOf(path, device))).ToList();
        if (prints.GroupBy(print => print.Print).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"--models: {string.Join(" and ", twice.Select(print => print.Path))} have the same weights; a tower "
                + "stands once, in one column");
        var printOf = prints.ToDictionary(print => print.Path, print => print.Print);
        var cells = new List<ComparedCell>();
        int code = 0;
        foreach (var seed in Enumerable.Range(0, seeds))
            foreach (var task in tasks)
                foreach (var tower in towers)
                {
                    var path = tower.PathOf(seed);
                    if (code == 0) code = Cell(parsed, task, tower.Name, path, printOf[path], seed, cells);
                    else if (Done(parsed, task, tower.Name, path, printOf[path], seed) is { } done) cells.Add(done);
                }
        var random = parsed.GetValue(NoUntrained) ? null : Untrained;
        if (cells.Count > 0) Show(new(tasks, [.. towers.Select(tower => tower.Name)], random, cells), folder);
        if (code != 0) Console.WriteLine("Stopped; the same command goes on with the head that was begun.");
        return code;
    }

    static void Show(ComparedTable table, string folder)
    {
        var drawn = new Table();
        foreach (var name in table.Header) drawn.AddColumn(name.EscapeMarkup());
        foreach (var row in table.Rows()) drawn.AddRow([.. row.Select(cell => cell.EscapeMarkup())]);
        Terminal.Write(drawn);
        AtomicFile.WriteText(Path.Combine(folder, Table), table.Markdown());
        Console.WriteLine($"mean ± standard deviation over seeds, in per cent; wrote {Path.Combine(folder, Table)}");
    }

    // Trains and asks the head of a cell, unless that is done; the exit code.
    static int Cell(ParseResult parsed, ComparedTask task, string tower, string path, string print, int seed, List<ComparedCell> cells)
    {
        if (Done(parsed, task, tower, path, print, seed) is { } done)
        {
            cells.Add(done);
            return 0;
        }
        Console.WriteLine($"{task.Name}, {tower}, seed {seed}");
        var (kind, clock, device) = (HeadTask.Of(task.Kind), Stopwatch.StartNew(), parsed.GetValue(Device)!);
        var options = Training(parsed, task, tower, path, seed);
        var (head, trained) = (options["--out"][0], new HeadLine(task.Kind, options));
        if (HeadLine.Read(head) is { } before
            && new[] { "--steps", "--images", "--seed", "--task" }.FirstOrDefault(option =>
                before.Word(option) != trained.Word(option)) is { } other)
            throw new ArgumentException($"{head} holds a head with {other} {before.Word(other)}, and this one would have {trained.Word(other)}: go "
                + "on with the same options, or choose another --out");
        if (!File.Exists(Path.Combine(head, HeadFile.Name)))
        {
            var line = new Dictionary<string, string[]>(options) { ["--device"] = [device], ["--val-every"] = ["0"], ["--log-every"] = ["100"] };
            if (RunFolder.Checkpoints(head).Count > 0) line["--resume"] = ["true"];
            if (HeadLine.Parse(kind.Train(), line).Invoke(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }) is not 0
                and var code) return code;
        }
        var command = kind.Eval();
        var asking = trained.Asking(command, path, head, parsed.GetRequiredValue(Data), parsed.GetValue(Asked), device: null);
        var asked = HeadLine.Parse(command, new Dictionary<string, string[]>(asking) { ["--device"] = [device] });
        var ask = kind.Open(asked);
        using var opened = Silc.Device.Open(device);
        using var model = ModelOption.Load(opened, ShippedModel.Locate(path), asked, kind.NeedsText);
        var loaded = kind.Load(model, head);
        using var owned = (IDisposable)loaded;
        var cell = new ComparedCell(tower, print, task.Name, seed, trained.Text, $"silc head eval {task.Kind} {HeadLine.Typed(asking)}",
            Math.Round(clock.Elapsed.TotalSeconds, 1), ComparedCell.Of(ask(model, loaded, floors: true).Scores));
        cell.Write(FileOf(parsed, task, tower, seed));
        cells.Add(cell);
        return 0;
    }

    // A finished cell of the same line and weights.
    static ComparedCell? Done(ParseResult parsed, ComparedTask task, string tower, string path, string print, int seed)
    {
        var file = FileOf(parsed, task, tower, seed);
        if (ComparedCell.Read(file) is not { } cell) return null;
        var line = new HeadLine(task.Kind, Training(parsed, task, tower, path, seed)).Text;
        var asked = HeadLine.Typed([new("--images", [$"{parsed.GetValue(Asked)}"])]);
        if (cell.Trained != line || !$"{cell.Asked} ".Contains($" {asked} ", StringComparison.Ordinal))
            throw new ArgumentException($"{file} is of another comparison: it was made by {cell.Trained}, and this one would be by {line} and asked "
                + $"with {asked}. Go on with the same options, or choose another --out");
        if (cell.Fingerprint != print)
            throw new ArgumentException($"{file} is of the tower {cell.Fingerprint}, and {tower} is {print} now: choose another --out");
        return cell;
    }

    static Dictionary<string, string[]> Training(ParseResult parsed, ComparedTask task, string tower, string path, int seed) => new(task.More)
    {
        ["--model"] = [path],
        ["--data"] = [parsed.GetRequiredValue(Data)],
        ["--images"] = [$"{parsed.GetValue(Images) ?? task.Images}"],
        ["--steps"] = [$"{parsed.GetValue(Steps) ?? task.Steps}"],
        ["--seed"] = [$"{seed}"],
        ["--out"] = [Path.Combine(parsed.GetRequiredValue(Out), Heads, $"{task.Name}-{tower}-{seed}")],
    };

    static string FileOf(ParseResult parsed, ComparedTask task, string tower, int seed) =>
        Path.Combine(parsed.GetRequiredValue(Out), Cells, $"{task.Name}-{tower}-{seed}.json");

    static List<ComparedTask> TasksOf(string data, string? given)
    {
        var all = ComparedTask.Of(data);
        if (given is null) return [.. all];
        return [.. given.Split(',', StringSplitOptions.TrimEntries).Select(name => all.FirstOrDefault(task => task.Name == name)
            ?? throw new ArgumentException($"--tasks {name}: {data} has {string.Join(", ", all.Select(task => task.Name))}"))];
    }

    // Towers of the first column's sizes and tokenizers with random weights, another for each of its towers.
    static ComparedTower UntrainedTower(ComparedTower first, string folder, string device) =>
        new(Untrained, [.. first.Paths.Select((path, seed) =>
            UntrainedModel(path, Path.Combine(folder, seed == 0 ? Untrained : $"{Untrained}-{seed}"), seed, device))]);

    static string UntrainedModel(string like, string path, int seed, string device)
    {
        if (File.Exists(Path.Combine(path, RunFolder.ModelName))) return path;
        using var opened = Silc.Device.Open(device);
        using var file = ModelFile.Open(ShippedModel.Locate(like));
        using var model = SilcModel.Create(opened, file.Config, seed, file.Tokenizer?.Open());
        Directory.CreateDirectory(path);
        model.Save(Path.Combine(path, RunFolder.ModelName));
        return path;
    }

    static string FingerprintOf(string path, string device)
    {
        using var opened = Silc.Device.Open(device);
        using var file = ModelFile.Open(ShippedModel.Locate(path));
        using var model = SilcModel.From(opened, file.Weights, file.Config, file.Tokenizer?.Open());
        return model.Fingerprint();
    }
}
