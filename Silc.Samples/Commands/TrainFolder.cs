using System.CommandLine;
using System.CommandLine.Parsing;
using Silc.Samples.Outputs;
using Silc.Samples.Training;

namespace Silc.Samples.Commands;

/// <summary>Which folder a command line of <c>silc train</c> means, and whether a run begins there or goes on.</summary>
static class TrainFolder
{
    public static void Validate(CommandResult result)
    {
        var (resume, folder) = (result.GetResult(TrainOptions.Resume), result.GetResult(TrainOptions.Out));
        // A file may give what the line lacks; both together are looked at once more.
        if (result.GetValue(TrainOptions.PrintSchema) || result.GetResult(TrainOptions.Config) is not null) return;
        if (result.GetResult(TrainOptions.ValData) is null && resume is null
            && new Option[] { TrainOptions.ValClasses, TrainOptions.ValEvery, TrainOptions.KeepBest, TrainOptions.Patience }
                .FirstOrDefault(option => result.GetResult(option) is not null) is { } alone)
            result.AddError($"{alone.Name} is about validation: give --val-data, too.");
        else if (result.GetValue(TrainOptions.PrintConfig)) return;
        else if (resume is null && result.GetResult(TrainOptions.Data) is null) result.AddError("--data is required.");
        else if (result.GetValue(TrainOptions.DryRun) && resume is not null)
            result.AddError("--dry-run is for a new run: leave --resume out.");
        else if (result.GetValue(TrainOptions.DryRun)) return;
        else if (folder is null && (resume is null || resume.Tokens.Count == 0)) result.AddError("--out is required.");
        else if (resume is not null && result.GetResult(TrainOptions.Overwrite) is not null)
            result.AddError("--overwrite deletes a run, --resume goes on with it: give one of them.");
    }

    /// <summary>
    /// Throws where a new run would write over what is no run's: a table called
    /// metrics.csv, a tokenizer of the same name, or the weights that it begins with.
    /// </summary>
    /// <param name="given">The command line.</param>
    /// <param name="folder">Of the run.</param>
    /// <param name="tokenizer">Is written beside the model.</param>
    /// <param name="init">File of the weights to begin with, if any.</param>
    public static void CheckFiles(ParseResult given, RunFolder folder, Tokenizer tokenizer, string? init)
    {
        var model = Path.GetFullPath(folder.At(RunFolder.ModelName));
        var checkpoints = RunFolder.Checkpoints(folder.Path).Select(checkpoint => Path.GetFullPath(checkpoint.Path));
        if (init is not null && checkpoints.Append(model).Contains(Path.GetFullPath(init)))
            throw new ArgumentException($"--init {init} lies in the run that --overwrite deletes: choose another --out");
        if (RunFolder.HoldsRun(folder.Path)) return;
        OutputGuard.Check(given, Output.Metrics(folder.At(TrainSession.Metrics)), Output.Sheet(folder.At(TrainSession.Plot)),
            new Output(folder.At(RunConfig.FileName), file => RunConfig.Open(file) is not null), TokenizerFile(folder, tokenizer),
            given.GetValue(TrainOptions.KeepBest) is null ? null : Output.Best(folder.At(BestModel.Name)));
    }

    // Null where the folder has it already, to the byte.
    static Output? TokenizerFile(RunFolder folder, Tokenizer tokenizer)
    {
        if (tokenizer.Origin is not { File: { } content } origin) return null;
        var path = folder.At(origin.Name);
        return File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content) ? null : new(path, _ => false);
    }

    public static RunFolder Of(ParseResult given)
    {
        var (target, resume) = (given.GetValue(TrainOptions.Out), given.GetResult(TrainOptions.Resume));
        if (resume is null) return New(target!, given.GetValue(TrainOptions.Overwrite));
        if (given.GetValue(TrainOptions.Resume) is not { } from) return ResumeOrBegin(given, target!);
        if (File.Exists(from)) return Fork(from, target);
        if (!Directory.Exists(from)) throw new FileNotFoundException($"--resume {from}: no such folder or file");
        if (target is not null && Path.GetFullPath(target) != Path.GetFullPath(from))
            throw new ArgumentException($"--resume {from} goes on in {from}, not in --out {target}; to begin a new run from a checkpoint of it, "
                + "name that file");
        return Resume(from);
    }

    /// <summary>The folder of a run that goes on, as its line names it.</summary>
    public static string NameOf(ParseResult given) => given.GetValue(TrainOptions.Out) ?? given.GetValue(TrainOptions.Resume) ?? "";

    static RunFolder New(string target, bool overwrite)
    {
        if (!overwrite && RunFolder.HoldsRun(target))
            throw new IOException($"{target} holds a run already: go on with it by silc train --resume {target}, choose another --out, or delete it "
                + "by --overwrite");
        return RunFolder.Create(target, overwrite: overwrite);
    }

    // The same line begins a run and, started again after a crash, goes on with it.
    static RunFolder ResumeOrBegin(ParseResult given, string target)
    {
        if (RunFolder.Checkpoints(target).Count > 0 || given.GetResult(TrainOptions.Data) is null) return Resume(target);
        Console.WriteLine($"resume   {target} has no checkpoint yet: a new run");
        return New(target, overwrite: false);
    }

    static RunFolder Resume(string folder)
    {
        if (RunFolder.Checkpoints(folder).Count == 0)
            throw new FileNotFoundException($"--resume: {folder} has no checkpoint to go on from; begin a run there by silc train --data DATA "
                + $"--out {folder}");
        return RunFolder.Resume(folder);
    }

    static RunFolder Fork(string checkpoint, string? target)
    {
        if (target is null)
            throw new ArgumentException($"--resume {checkpoint} begins a new run from that checkpoint and needs --out for it; name the folder to go "
                + "on with the newest");
        if (RunFolder.HoldsRun(target))
            throw new IOException($"{target} holds a run already: choose another --out for the one that begins from {checkpoint}");
        return RunFolder.Fork(checkpoint, target);
    }
}
