using System.Globalization;
using System.Text.Json;

namespace Silc.Samples.Training;

/// <summary>
/// The best validation of a run, and the weights of that step as <c>best.safetensors</c>. Checkpoints keep the value. What a run that was killed
/// had found since its newest checkpoint is found again, so the best as of that checkpoint stays beside until there is a newer one.
/// </summary>
sealed class BestModel
{
    /// <summary>The weights.</summary>
    public const string Name = "best.safetensors";

    /// <summary>Key of the value in checkpoints.</summary>
    public const string Note = "silc validation";

    const string Before = "best-before.safetensors";

    readonly RunFolder folder;
    readonly ValidationPlan plan;
    State? state;

    /// <summary>Nothing yet, or what the checkpoint says that the run goes on from.</summary>
    public BestModel(RunFolder folder, ValidationPlan plan)
    {
        (this.folder, this.plan) = (folder, plan);
        if (folder.Start is not { } start) return;
        state = Read(start);
        // Another metric has another best.
        if (state is not null && state.Metric != plan.Metric.Word) state = null;
        if (plan.KeepBest is not null && folder.Owns(start)) Restore(start.Step);
    }

    /// <summary>Step and value of the best validation so far; null before the first.</summary>
    public (long Step, double Value)? Found => state is null ? null : (state.Step, state.Value);

    /// <summary>True when the plan's patience is over.</summary>
    public bool IsOver => plan.Patience is { } patience && state?.Since >= patience;

    /// <summary>Compares a validation, and keeps the weights of one that is better.</summary>
    public void Add(long step, ValidationScores scores, SilcModel model)
    {
        if (plan.Metric.Value(scores) is not { } value || !double.IsFinite(value)) return;
        if (state is not null && !plan.Metric.IsBetter(value, state.Value)) state = state with { Since = state.Since + 1 };
        else
        {
            if (plan.KeepBest is not null) Save(step, model);
            state = new(plan.Metric.Word, step, value, 0);
        }
        folder.Notes = new Dictionary<string, string>(folder.Notes) { [Note] = JsonSerializer.Serialize(state) };
    }

    /// <summary>The best validation that a checkpoint knows of, in words; null where it knows none.</summary>
    public static string? Describe(Checkpoint checkpoint) => Read(checkpoint) is { } best
        ? $"{ValidationMetric.Of(best.Metric).Title} {Text(ValidationMetric.Of(best.Metric), best.Value)} at step {best.Step:N0}" : null;

    /// <summary>A value of a metric for people.</summary>
    public static string Text(ValidationMetric metric, double value) =>
        metric.Rises ? $"{(100 * value).ToString("F1", CultureInfo.InvariantCulture)} %" : value.ToString("F3", CultureInfo.InvariantCulture);

    static State? Read(Checkpoint checkpoint)
    {
        try
        {
            var state = checkpoint.Notes.TryGetValue(Note, out var note) ? JsonSerializer.Deserialize<State>(note) : null;
            return state is not null && ValidationMetric.All.Any(metric => metric.Word == state.Metric) ? state : null;
        }
        catch (JsonException)
        {
            return null;        // another program's
        }
    }

    void Save(long step, SilcModel model)
    {
        folder.RequireOwned(step);
        var (best, before) = (folder.At(Name), folder.At(Before));
        // What is older than the newest checkpoint is needed again if the run is killed before the next.
        if (StepOf(best) is { } last && RunFolder.Checkpoints(folder.Path) is [var (saved, _), ..] && last <= saved)
            File.Move(best, before, overwrite: true);
        model.Save(best, model.Tokenizer?.Origin, step);
    }

    void Restore(long step)
    {
        var (best, before) = (folder.At(Name), folder.At(Before));
        if (StepOf(best) is null or > 0 && !(StepOf(best) <= step))
        {
            if (StepOf(before) <= step) File.Move(before, best, overwrite: true);
            else File.Delete(best);
        }
        // Weights that are gone, or of another step, are not the best that the value speaks of.
        if (StepOf(best) != state?.Step) state = null;
    }

    /// <summary>Removes what an earlier run left, or what only a run that goes on needs.</summary>
    public static void Clear(RunFolder folder, bool all)
    {
        File.Delete(folder.At(Before));
        if (all) File.Delete(folder.At(Name));
    }

    static long? StepOf(string file)
    {
        try
        {
            return File.Exists(file) ? ModelMetadata.Step(Safetensors.ReadMetadata(file)) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    sealed record State(string Metric, long Step, double Value, int Since);
}
