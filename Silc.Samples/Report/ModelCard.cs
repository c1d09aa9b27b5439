using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Silc.Samples.Evaluation;
using Silc.Samples.Models;
using Silc.Samples.Terminals;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>
/// A model card, as Hugging Face shows it: front matter in YAML, then data, recipe, results, environment and licence. It says what the files say,
/// and nothing that they do not.
/// </summary>
/// <param name="Name">Of the model.</param>
/// <param name="Config">Architecture.</param>
/// <param name="Parameters">In both towers.</param>
/// <param name="Format">Of the files beside the card.</param>
/// <param name="Tokenizer">Name of the tokenizer, or null.</param>
/// <param name="Run">The run that made the weights; null for weights of elsewhere.</param>
/// <param name="Origin">Where weights of elsewhere come from.</param>
/// <param name="Licence">An SPDX identifier as Hugging Face spells it.</param>
/// <param name="Scores">What was measured, by the data that it was measured on.</param>
/// <param name="InRun">The card lies in the folder of the run, beside its other files.</param>
sealed partial record ModelCard(
    string Name, SilcConfig Config, long Parameters, ModelFormat Format, string? Tokenizer, RunRecord? Run, string? Origin, string Licence,
    IReadOnlyList<(string Data, IReadOnlyList<Score> Scores)> Scores, bool InRun = true)
{
    /// <summary>The file.</summary>
    public const string FileName = "README.md";

    /// <summary>The licence where nobody says one.</summary>
    public const string Unknown = "unknown";

    const string Mark = "<!-- Written by silc, which writes it again with the model. Delete this line to keep your own words. -->";

    /// <summary>The card of a model.</summary>
    /// <param name="folder">Names the model.</param>
    /// <param name="file">Its weights.</param>
    /// <param name="run">The run that made them, if one did.</param>
    /// <param name="origin">Where they come from, if not from a run.</param>
    /// <param name="licence">Null keeps that of the card in the folder.</param>
    /// <param name="scores">JSON files of silc eval.</param>
    public static ModelCard Of(string folder, ModelFile file, RunRecord? run, string? origin, string? licence, IEnumerable<string> scores) =>
        new(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), file.Config, file.Weights.TowerParameterCount, file.Format,
            file.Tokenizer?.Name, run, origin, licence ?? LicenceIn(Path.Combine(folder, FileName)) ?? Unknown, [.. scores.Select(Read)]);

    /// <summary>Leaves the card of a run in its folder, unless a file of the user has its name; says what it did.</summary>
    /// <returns>Words to print.</returns>
    public static string Leave(string folder)
    {
        var run = RunRecord.Open(folder);
        using var file = ModelFile.Open(Path.Combine(folder, RunFolder.ModelName));
        return Of(folder, file, run, null, null, []).Leave(Path.Combine(folder, FileName), $"silc card {Shell.Quoted(folder)}");
    }

    /// <summary>Writes the card, unless a file of the user has its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="command">Prints the card.</param>
    /// <returns>Words to print.</returns>
    public string Leave(string path, string command)
    {
        if (File.Exists(path) && !IsOwn(path)) return $"{path} is your own and stays as it is; {command} prints what silc would say";
        AtomicFile.WriteText(path, Text);
        return $"wrote {path}, the model card" + (Licence == Unknown ? $"; its licence is for you to say: {command} --license ID --out "
            + $"{Shell.Quoted(path)}" : "");
    }

    /// <summary>True for a card that silc wrote and nobody has taken over.</summary>
    public static bool IsOwn(string path) => File.ReadLines(path).Any(line => line == Mark);

    /// <summary>The whole.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            foreach (var line in FrontMatter().Concat([Mark, "", $"# {Name}", "", Summary(), ""]).Concat(Model()).Concat(Use()).Concat(Data())
                .Concat(Recipe()).Concat(Results()).Concat(Environment()).Concat(Rest())) text.Append(line).Append('\n');
            return text.ToString();
        }
    }

    Checkpoint? Checkpoint => Run?.Checkpoint;

    // Strings of JSON are strings of YAML.
    static string Yaml(string text) => JsonSerializer.Serialize(text, yaml);

    static readonly JsonSerializerOptions yaml = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    IEnumerable<string> FrontMatter()
    {
        yield return "---";
        yield return $"license: {Licence}";
        yield return $"library_name: {Format switch { ModelFormat.HuggingFace => "transformers", ModelFormat.OpenClip => "open_clip", _ => "silc" }}";
        yield return $"pipeline_tag: {(Config.HasText ? "zero-shot-image-classification" : "image-feature-extraction")}";
        yield return "tags:";
        foreach (var tag in Tags()) yield return $"- {tag}";
        var groups = Measured().ToList();
        if (groups.Count > 0)
        {
            yield return "model-index:";
            yield return $"- name: {Yaml(Name)}";
            yield return "  results:";
            foreach (var (task, data, metrics) in groups)
            {
                yield return "  - task:";
                yield return $"      type: {task}";
                yield return "    dataset:";
                yield return $"      name: {Yaml(data)}";
                yield return $"      type: {Yaml(NotWords().Replace(data.ToLowerInvariant(), "-").Trim('-'))}";
                yield return "    metrics:";
                foreach (var (type, name, value) in metrics)
                {
                    yield return $"    - type: {type}";
                    yield return $"      name: {Yaml(name)}";
                    yield return $"      value: {Number(value)}";
                }
            }
        }
        yield return "---";
        yield return "";
    }

    IEnumerable<string> Tags()
    {
        yield return "silc";
        // A format without InfoNCE reads back as sigmoid.
        yield return (Checkpoint?.Config ?? Config).Contrastive == ContrastiveKind.Sigmoid ? "siglip" : "clip";
        yield return "vision";
        if (Checkpoint?.Train.DistillationWeight > 0) yield return "self-distillation";
    }

    // What front matter and tables say of the results: those of validation, then those of silc eval.
    IEnumerable<(string Task, string Data, List<(string Type, string Name, double Value)> Metrics)> Measured()
    {
        if (Run is not null && ValidationName is { } held)
        {
            var metrics = ValidationMetric.All.Select(metric => (Metric: metric, Last: Last(metric))).Where(one => one.Last is not null).ToList();
            if (metrics.Count > 0)
                yield return ("zero-shot-image-classification", $"{held} (validation)",
                    [.. metrics.Select(one => (TypeOf(one.Metric.Title), one.Metric.Title, one.Last!.Value))]);
        }
        foreach (var set in Scores.SelectMany(one => one.Scores).Where(score => !IsFloor(score)).GroupBy(score => score.Images))
            yield return (set.Any(score => score.Metrics.Any(metric => metric.Name.Contains("IoU"))) ? "image-segmentation"
                : "zero-shot-image-classification", set.Key, [.. from score in set
                                                                 from metric in score.Metrics
                                                                 select (TypeOf(metric.Name), $"{metric.Name}, {score.Method}", metric.Value)]);
    }

    // What needs no model.
    static bool IsFloor(Score score) => score.Method.StartsWith("chance", StringComparison.Ordinal)
        || score.Method.StartsWith("always", StringComparison.Ordinal);

    static string TypeOf(string metric) => metric.StartsWith("R@", StringComparison.Ordinal) ? "recall" : metric.Contains("IoU") ? "mean_iou"
        : metric.Contains("loss", StringComparison.OrdinalIgnoreCase) ? "loss" : "accuracy";

    double? Last(ValidationMetric metric) => Run!.Metrics.Over(metric.Column).Select(point => point.Value).Where(double.IsFinite)
        .Select(value => (double?)value).LastOrDefault();

    string? ValidationName => Run?.Line?.GetValue(TrainOptions.ValData);

    string Summary() => $"A vision-language model of {Parameters:N0} parameters in the architecture of SILC (Naeem et al. 2024, arXiv:2310.13355): "
        + (Config.HasText ? "image and text towers whose embeddings meet in one space" : "an image tower alone")
        + (Checkpoint is { } made ? $", trained with Silc {made.Version}." : Origin is { } origin
            ? $", converted by Silc from `{Path.GetFileName(origin)}`." : ".");

    IEnumerable<string> Model()
    {
        yield return "## Model";
        yield return "";
        yield return "| part | |";
        yield return "|---|---|";
        yield return $"| image tower | {ModelSummary.Image(Config)}; {Config.ImageSize} pixels, {Config.Grid} x {Config.Grid} patches of "
            + $"{Config.PatchSize} |";
        if (Config.HasText) yield return $"| text tower | {ModelSummary.Tower(Config.Text)}; {Config.TextLength} tokens of {Config.VocabSize:N0} |";
        if (Tokenizer is not null) yield return $"| tokenizer | {Tokenizer} |";
        yield return $"| embeddings | {Config.EmbedDim} channels |";
        yield return $"| images | {Config.Images.Describe()} |";
        yield return $"| files | {Format.Describe()} |";
        yield return "";
    }

    IEnumerable<string> Use()
    {
        yield return "## Use";
        yield return "";
        yield return "```sh";
        yield return $"silc embed --model {Shell.Quoted(Name)} --data photos --out vectors.npy";
        if (Config.HasText) yield return $"silc search \"a dog\" --model {Shell.Quoted(Name)} --index vectors.npy --sheet found.png";
        yield return "```";
        yield return "";
    }

    IEnumerable<string> Data()
    {
        yield return "## Training data";
        yield return "";
        yield return Checkpoint?.Data is { } data
            ? $"{data.Name}: {data.Count:N0} images{(Run!.Steps > 0 ? $", {Checkpoint.Train.BatchSize * Run.Steps:N0} samples seen ("
                + $"{Number(Checkpoint.Train.BatchSize * Run.Steps / (double)Math.Max(1, data.Count))} epochs)" : "")}."
            : "The files do not say what the model was trained on.";
        yield return "";
    }

    IEnumerable<string> Recipe()
    {
        if (Checkpoint is not { } checkpoint) yield break;
        var train = checkpoint.Train;
        yield return "## Recipe";
        yield return "";
        if (Run!.Command is { } command)
        {
            yield return "```sh";
            yield return command;
            yield return "```";
            yield return "";
        }
        yield return "| value | |";
        yield return "|---|---|";
        yield return $"| steps | {Run.Steps:N0} of {train.TotalSteps:N0}, {train.BatchSize} images each |";
        yield return $"| losses | {string.Join(", ", LossTerm.Of(train).Select(term => $"{term.Name} x {Number(term.Weight(train))}"))}; "
            + $"{checkpoint.Config.Contrastive.ToString().ToLowerInvariant()} |";
        yield return $"| optimizer | {train.Optimizer.ToString().ToLowerInvariant()}, learning rate {Number(train.LearningRate)}, "
            + $"{train.Schedule.Kind.ToString().ToLowerInvariant()} with a warm-up of {train.Schedule.WarmupSteps:N0}, weight decay "
            + $"{Number(train.WeightDecay)} |";
        yield return $"| views | {ModelSummary.Views(Config)} |";
        if (train.DistillationWeight > 0)
            yield return $"| self-distillation | head {Config.Head.Hidden}-{Config.Head.Bottleneck}-{Config.Head.Prototypes}, teacher's momentum "
                + $"{train.TeacherMomentum.ToString("G6", CultureInfo.InvariantCulture)} |";
        yield return $"| seed | {train.Seed} |";
        yield return "";
        if (InRun && File.Exists(Path.Combine(Run.Folder, TrainSession.Values)))
        {
            yield return $"All values are in `{TrainSession.Values}`: `silc train --config {TrainSession.Values}` begins the same run.";
            yield return "";
        }
    }

    IEnumerable<string> Results()
    {
        var lines = new List<string>();
        if (Run is { Metrics.Count: > 0 } run)
            foreach (var term in LossTerm.All.Where(term => run.Metrics.LastText(term.Name) is not ("" or "0")))
                lines.Add($"| training, last report | {term.Title} loss | {Number(run.Metrics.Last(term.Name))} |");
        foreach (var (_, data, metrics) in Measured())
            foreach (var (type, name, value) in metrics) lines.Add($"| {data} | {name} | "
                + $"{(type == "loss" ? Number(value) : ScoreReport.Percent(value))} |");
        foreach (var score in Scores.SelectMany(one => one.Scores).Where(IsFloor))
            foreach (var metric in score.Metrics)
                lines.Add($"| {score.Images} | {metric.Name}, {score.Method} | {ScoreReport.Percent(metric.Value)} |");
        yield return "## Results";
        yield return "";
        if (lines.Count == 0) yield return "Nothing was measured.";
        else
        {
            yield return "| on | what | |";
            yield return "|---|---|---|";
            foreach (var line in lines) yield return line;
            if (Checkpoint is { } checkpoint && BestModel.Describe(checkpoint) is { } best)
            {
                yield return "";
                yield return $"Best validation: "
                    + $"{best}{(InRun && File.Exists(Path.Combine(Run!.Folder, BestModel.Name)) ? $", whose weights are `{BestModel.Name}`" : "")}.";
            }
        }
        yield return "";
    }

    IEnumerable<string> Environment()
    {
        if (Run?.Session is not { } session) yield break;
        yield return "## Environment";
        yield return "";
        yield return $"Silc {session.Silc}, {session.Framework}, ILGPU {session.Ilgpu}, {session.System}; {session.Device}"
            + (Run.Metrics.Count > 0 ? $"; {Duration(Run.Metrics.Last("seconds"))}" : "") + ".";
        yield return "";
    }

    IEnumerable<string> Rest()
    {
        yield return "## Licence";
        yield return "";
        yield return Licence == Unknown
            ? "Not stated. It depends on the licences of the training data and of the weights that training began with."
            : $"{Licence}.";
        yield return "";
        yield return "## Limits";
        yield return "";
        yield return "What the model has not seen in training it does not know; it repeats what its captions say of people and things. Measure it "
            + "on your own "
            + "images before you rely on it.";
    }

    /// <summary>The licence that a card of silc says; null for another file, or none.</summary>
    public static string? LicenceIn(string path) => File.Exists(path) && IsOwn(path) ? File.ReadLines(path).Select(line => LicenceLine().Match(line))
        .FirstOrDefault(match => match.Success)?.Groups[1].Value : null;

    static (string, IReadOnlyList<Score>) Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"--scores {path}: no such file; silc eval … --json FILE writes one");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            return (root.GetProperty("data").GetString()!, [.. root.GetProperty("scores").EnumerateArray().Select(score => new Score(
                score.GetProperty("images").GetString()!, score.GetProperty("count").GetInt32(), score.GetProperty("method").GetString()!,
                [.. score.GetProperty("metrics").EnumerateObject().Select(metric => new MetricValue(metric.Name, metric.Value.GetDouble()))]))]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"--scores {path} is not what silc eval … --json writes: {error.Message}", error);
        }
    }

    static string Duration(double seconds) => seconds >= 3600 ? $"{Number(seconds / 3600)} hours" : $"{Number(seconds / 60)} minutes";

    static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotWords();

    [GeneratedRegex("^license: (\\S+)$")]
    private static partial Regex LicenceLine();
}
