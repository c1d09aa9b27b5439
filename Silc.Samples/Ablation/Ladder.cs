using Silc.Samples.Evaluation;
using Silc.Samples.Training;

namespace Silc.Samples.Ablation;

/// <summary>Trains and measures the runs of a ladder that the folder does not hold yet.</summary>
/// <param name="device">Where.</param>
/// <param name="recipe">Model of the top rung; the losses change it.</param>
/// <param name="train">Training of the top rung.</param>
/// <param name="tokenizer">Of the captions.</param>
/// <param name="suite">What is measured.</param>
/// <param name="folder">Takes the numbers.</param>
sealed class Ladder(Device device, SilcConfig recipe, TrainConfig train, Tokenizer tokenizer, Suite suite, AblationFolder folder)
{
    const int Reports = 10;

    /// <summary>All runs of one seed and loss, from the bottom.</summary>
    /// <returns>False if it was stopped; what was done is in the folder.</returns>
    public bool Climb(ContrastiveKind loss, int seed, IImageTextSource images, CancellationToken stop)
    {
        foreach (var run in LadderRun.Of(train).Where(run => !IsDone(run, Name(loss), seed)))
        {
            Console.WriteLine($"{Name(loss)}, {run.Name}, seed {seed}");
            if (!Train(run, loss, seed, images, stop)) return false;
        }
        return true;
    }

    bool IsDone(LadderRun run, string loss, int seed) =>
        run.Rungs.All(rung => folder.Rows.Any(row => row.Loss == loss && row.Rung == rung.Name && row.Seed == seed));

    bool Train(LadderRun run, ContrastiveKind loss, int seed, IImageTextSource images, CancellationToken stop)
    {
        var training = run.Training(train, seed);
        using var model = SilcModel.Create(device, run.Model(recipe, loss), seed, tokenizer);
        using var work = new TrainRun(model, images, training);
        TrainReport? last = null;
        var end = TrainProgress.Show(0, training.TotalSteps, show => work.Run(report =>
        {
            last = report;
            show(report);
        }, Math.Max(1, training.TotalSteps / Reports), stop: stop));
        if (end != RunEnd.Finished) return false;

        var rows = new List<AblationRow>();
        foreach (var (rung, averaged) in run.Rungs)
        {
            if (averaged) work.Trainer.Average!.Use();
            rows.AddRange(suite.Measure(model).SelectMany(score => score.Metrics.Where(metric => double.IsFinite(metric.Value)).Select(metric =>
                new AblationRow(Name(loss), rung, seed, score.Images, score.Method, metric.Name, metric.Value))));
            rows.AddRange(AtTheEnd(last!).Select(metric =>
                new AblationRow(Name(loss), rung, seed, "training", "last report", metric.Name, metric.Value)));
        }
        folder.Add(rows);
        return true;
    }

    // Every loss of the top rung, on lower ones as 0.
    IEnumerable<MetricValue> AtTheEnd(TrainReport report) =>
    [
        .. LossTerm.Of(train).Select(term => new MetricValue(term.Name, report.Metrics.Losses.Of(term) ?? 0)),
        new("seconds", report.Elapsed.TotalSeconds),
    ];

    static string Name(ContrastiveKind loss) => loss.ToString().ToLowerInvariant();
}
