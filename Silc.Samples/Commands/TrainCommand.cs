using System.CommandLine;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary><c>silc train</c>.</summary>
static class TrainCommand
{
    // What shells call the end by Ctrl-C, so that "silc train && silc eval" stops there.
    public const int Interrupted = 130;

    public static Command Create()
    {
        var command = new Command("train", """
            Train a model and leave model.safetensors, checkpoint.safetensors, metrics.csv and loss.png in a folder.
            The first Ctrl-C ends the run after the step at hand with all files written; the second kills.

            Examples:
              silc train --data demo --steps 600 --ema 0.98 --out runs/shapes
              silc train --data emoji:data/emoji --preset mini --steps 1500 --augment flip --ema 0.99 --out runs/emoji
              silc train --data "wds:data/{00000..00041}.tar" --preset s --batch 128 --steps 20000 --out runs/web
              silc train --data captions.csv --preset s --batch 128 --steps 20000 --contrastive sigmoid --device cuda --out runs/mine
              silc train --data demo --steps 600 --ema 0.98 --out runs/shapes --resume runs/shapes/checkpoint.safetensors
            """);
        foreach (var option in TrainOptions.All) command.Add(option);
        command.SetAction(Train);
        return command;
    }

    static int Train(ParseResult parsed)
    {
        var (data, folder, resume) = (parsed.GetRequiredValue(TrainOptions.Data), parsed.GetRequiredValue(TrainOptions.Out), parsed.GetValue(TrainOptions.Resume));
        if (resume is not null && !File.Exists(resume)) throw new FileNotFoundException($"--resume {resume}: no such file");
        var tokenizerName = TrainOptions.TokenizerOf(parsed);
        var tokenizer = Tokenizers.Open(tokenizerName);
        var (config, train) = (TrainOptions.ModelOf(parsed, tokenizer), TrainOptions.TrainingOf(parsed));
        var source = DataOption.OpenForTraining(data, TrainOptions.SeedOf(parsed), parsed);

        using var device = Device.Open(parsed.GetValue(TrainOptions.Device)!, parsed.GetValue(TrainOptions.Precision));
        using var model = SilcModel.Create(device, config, train.Seed, tokenizer);
        using var run = new TrainRun(model, source, train, resume);
        Console.WriteLine($"data     {source.Name}: {source.Count:N0} pictures, {train.BatchSize} a step, {train.TotalSteps} steps");
        if (resume is not null) Console.WriteLine($"resumed  after step {run.Trainer.Steps} of {resume}");

        var session = new TrainSession(folder, tokenizerName);
        TimeSpan? limit = parsed.GetValue(TrainOptions.Minutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : null;
        var end = session.Train(model, run, $"{source.Name}, batch {train.BatchSize}", parsed.GetValue(TrainOptions.LogEvery), limit);
        PrintNext(parsed, session, end, data, folder);
        return end == RunEnd.Stopped ? Interrupted : 0;
    }

    static void PrintNext(ParseResult parsed, TrainSession session, RunEnd end, string data, string folder)
    {
        Console.WriteLine($"wrote {session.At(TrainSession.Model)}, {TrainSession.Checkpoint}, {TrainSession.Metrics} and {TrainSession.Plot}");
        if (end != RunEnd.Finished)
            Console.WriteLine($"{(end == RunEnd.Stopped ? "Stopped" : "Out of time")}. To go on:\n  silc {Again(parsed, session)}");
        if (data == "demo" || DataOption.EmojiFolder(data) is not null || DataOption.IsTable(data))
            Console.WriteLine($"To measure it:\n  silc eval zero-shot --model {folder} --data {data}");
    }

    // Shells take stars and braces, the patterns of shards, for their own.
    static string Quoted(string word) => word.AsSpan().IndexOfAny(" {}*?;|&$") >= 0 ? $"'{word}'" : word;

    // The same command line, from the checkpoint.
    static string Again(ParseResult parsed, TrainSession session)
    {
        var words = parsed.Tokens.Select(token => token.Value).ToList();
        if (words.IndexOf(TrainOptions.Resume.Name) is >= 0 and var at) words.RemoveRange(at, 2);
        words.AddRange([TrainOptions.Resume.Name, session.At(TrainSession.Checkpoint)]);
        return string.Join(' ', words.Select(Quoted));
    }
}
