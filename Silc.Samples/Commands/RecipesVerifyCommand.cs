using System.CommandLine;
using System.Text.Json;
using Silc.Samples.Evaluation;
using Silc.Samples.Recipes;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Commands;

/// <summary><c>silc recipes verify</c>: trains a configuration file and compares the model with what such models reached.</summary>
static class RecipesVerifyCommand
{
    const int Below = 3;

    static readonly Argument<string[]> Configs = new("FILE")
    {
        Description = "Configuration files of silc train, NAME.json, with NAME.levels.json beside each.",
        Arity = ArgumentArity.OneOrMore,
    };
    static readonly Option<string> Out = new("--out")
    {
        Description = "Folder of the run; of several files, a folder NAME in it for each.",
        HelpName = "DIR",
        Required = true,
    };
    static readonly Option<string> Device = TrainOptions.DeviceOption();
    static readonly Option<int?> Seed = new("--seed") { Description = "Instead of the file's.", HelpName = "N" };
    static readonly Option<int?> Steps = new("--steps") { Description = "Instead of the file's; fewer will not reach its levels.", HelpName = "N" };

    public static Command Create()
    {
        var command = new Command("verify", $"""
            Train a configuration file, evaluate the model, and compare it with the levels beside the file. A run in --out that is finished is
            not trained again, and refused if its configuration is another. Ends with {Below} if a number lies below its level.

            Examples:
              silc recipes verify recipes/demo.json --out runs/verify
              silc recipes verify recipes/demo.json recipes/drawings.json --out runs/verify
            """) { Configs, Out, Device, Seed, Steps };
        command.SetAction(Run);
        return command;
    }

    static int Run(ParseResult parsed)
    {
        var (configs, folder) = (parsed.GetRequiredValue(Configs), parsed.GetRequiredValue(Out));
        // A file that is missing is told before the first training.
        (string Config, RecipeLevels Levels)[] all = [.. configs.Select(config => (config, RecipeLevels.Beside(config)))];
        if (configs.GroupBy(NameOf).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"{string.Join(" and ", twice)} would both be trained in {NameIn(folder, twice.First())}: verify one at a "
                + "time");
        var worst = 0;
        foreach (var (config, levels) in all)
        {
            var code = Verify(parsed, config, levels, configs.Length == 1 ? folder : NameIn(folder, config));
            if (code is not (0 or Below)) return code;
            worst = Math.Max(worst, code);
        }
        return worst;
    }

    static string NameOf(string config) => Path.GetFileNameWithoutExtension(config);

    static string NameIn(string folder, string config) => Path.Combine(folder, NameOf(config));

    static int Verify(ParseResult parsed, string config, RecipeLevels levels, string folder)
    {
        var device = parsed.GetValue(Device)!;
        List<string> train = ["train", "--config", config, "--out", folder, "--device", device];
        if (parsed.GetValue(Seed) is { } seed) train.AddRange(["--seed", $"{seed}"]);
        if (parsed.GetValue(Steps) is { } steps) train.AddRange(["--steps", $"{steps}"]);
        if (IsFinished(folder))
        {
            RequireSame(config, train, folder);
            Console.Error.WriteLine($"{folder} holds a finished run of this configuration, which is judged as it is: name another {Out.Name} to "
                + "train anew");
        }
        else if (SilcCommand.Run(train) is not 0 and var failed) return failed;

        var (table, below) = (new Table().AddColumns("evaluation", "images", "method", "metric", "found", "level", "reached before"), 0);
        foreach (var group in levels.Checks.GroupBy(check => check.Eval))
        {
            using var scores = Scores(group.Key, folder, device, out var code);
            if (scores is null) return code;
            foreach (var check in group)
            {
                var found = Find(scores, check) ?? throw new InvalidDataException(
                    $"{config}: silc {check.Eval} prints no {check.Metric} of {check.Method}{(check.Images == "" ? "" : $", {check.Images}")}");
                if (found < check.AtLeast) below++;
                table.AddRow([.. new[]
                {
                    check.Eval, check.Images, check.Method, check.Metric, ScoreReport.Percent(found),
                    $"{(found < check.AtLeast ? "BELOW " : "")}{ScoreReport.Percent(check.AtLeast)}", check.Reached,
                }.Select(Markup.Escape)]);
            }
        }
        Terminal.Write(table);
        Console.WriteLine(below == 0 ? $"{config} reaches its levels" : $"{below} of {levels.Checks.Count} numbers lie below their levels");
        return below == 0 ? 0 : Below;
    }

    static bool IsFinished(string folder) => RunFolder.Checkpoints(folder).Count > 0 && RunFolder.Newest(folder).Checkpoint is var newest
        && newest.Step == newest.Train.TotalSteps;

    // What training would be told now against what the run was told.
    static void RequireSame(string config, IEnumerable<string> words, string folder)
    {
        var made = RunFolder.Newest(folder).Checkpoint;
        var typed = TrainLine.Bare().Parse([.. words.Skip(1)]);
        var parsed = RunConfig.Open(config).Under(typed);
        if (parsed.GetValue(TrainOptions.Recipes) is { } recipe) parsed = RecipeFile.Open(recipe).Under(parsed);
        using var init = TrainInit.Open(typed, parsed);
        var tokenizer = init?.Tokenizer ?? Tokenizers.Open(TrainOptions.TokenizerOf(parsed));
        string[] differences =
        [
            .. TrainLine.Of(made, folder) is { } line ? DataDifferences(line.Parsed, parsed) : [],
            .. ConfigJson.Differences(made.Config, TrainOptions.ModelOf(parsed, tokenizer, init?.Weights.Config)),
            .. ConfigJson.Differences(made.Train, TrainOptions.TrainingOf(parsed)),
        ];
        if (differences is [var first, ..])
            throw new ArgumentException($"{folder} holds a finished run of another configuration than {config}: {first}"
                + $"{(differences.Length > 1 ? $", and {differences.Length - 1} more" : "")}; name another {Out.Name} to train anew");
    }

    static IEnumerable<string> DataDifferences(ParseResult made, ParseResult now)
    {
        Option[] files = [PublishedSets.ImageFolder, LossOptions.Boxes];
        foreach (var option in (Option[])[TrainOptions.Data, .. DataOption.Reading, TrainOptions.Tokenizer, TrainOptions.Init, LossOptions.Boxes])
        {
            var (was, value) = (Said(made), Said(now));
            if (was != value) yield return $"{option.Name} {was ?? "none"}, now {value ?? "none"}";

            string? Said(ParseResult parsed) => parsed.GetResult(option)?.GetValueOrDefault<object>() switch
            {
                null => null,
                string data when option == TrainOptions.Data => DataOption.Absolute(data),
                string file when files.Contains(option) => Path.GetFullPath(file),
                var given => $"{given}",
            };
        }
    }

    // The evaluation as a user runs it, by its own file of numbers.
    static JsonDocument? Scores(string eval, string folder, string device, out int code)
    {
        var file = Path.Combine(Path.GetTempPath(), $"silc-verify-{Guid.NewGuid():N}.json");
        try
        {
            string[] words = eval.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            code = SilcCommand.Run([.. words, "--model", folder, "--device", device, "--json", file]);
            return code == 0 ? JsonDocument.Parse(File.ReadAllText(file)) : null;
        }
        finally
        {
            File.Delete(file);
        }
    }

    static double? Find(JsonDocument scores, RecipeCheck check)
    {
        foreach (var score in scores.RootElement.GetProperty("scores").EnumerateArray())
            if (score.GetProperty("images").GetString()!.Contains(check.Images, StringComparison.Ordinal)
                && score.GetProperty("method").GetString()!.StartsWith(check.Method, StringComparison.Ordinal)
                && score.GetProperty("metrics").TryGetProperty(check.Metric, out var value)) return value.GetDouble();
        return null;
    }
}
