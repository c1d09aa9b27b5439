using Silc.Samples.Evaluation;
using Silc.Samples.Training;

namespace Silc.Samples.Ablation;

/// <summary>Trains and measures the runs of an ablation that the folder does not hold yet.</summary>
/// <param name="device">Where.</param>
/// <param name="tokenizer">Of the captions.</param>
/// <param name="suite">What is measured.</param>
/// <param name="folder">Takes the numbers.</param>
/// <param name="maxBad">Share of unreadable samples above which a run stops.</param>
sealed class RungTrainer(Device device, Tokenizer tokenizer, Suite suite, AblationFolder folder, double maxBad)
{
    const int Reports = 10;

    /// <summary>Sets each run up and takes it down again, so that values which do not go together are told before hours of training.</summary>
    /// <exception cref="ArgumentException">A run cannot be; the message names it.</exception>
    public static void Rehearse(IEnumerable<AblationRun> runs, Device device, Tokenizer tokenizer, IImageTextSource images)
    {
        foreach (var run in runs)
        {
            try
            {
                using var model = SilcModel.Create(device, run.Model, run.Training.Seed, tokenizer);
                using var work = new TrainRun(model, images, run.Training);
            }
            catch (ArgumentException wrong)
            {
                throw new ArgumentException($"{run.Name}: {wrong.Message}", wrong);
            }
        }
    }

    /// <summary>Runs of one seed and loss, in their order.</summary>
    /// <returns>False if it was stopped; what was done is in the folder.</returns>
    public bool Climb(IEnumerable<AblationRun> runs, IImageTextSource images, CancellationToken stop)
    {
        foreach (var run in runs.Where(run => !IsDone(run)))
        {
            Console.WriteLine($"{Loss(run)}, {run.Name}, seed {run.Training.Seed}");
            if (!Train(run, images, stop)) return false;
        }
        return true;
    }

    bool IsDone(AblationRun run) =>
        run.Rungs.All(rung => folder.Rows.Any(row => row.Loss == Loss(run) && row.Rung == rung.Name && row.Seed == run.Training.Seed));

    bool Train(AblationRun run, IImageTextSource images, CancellationToken stop)
    {
        var training = run.Training;
        using var model = SilcModel.Create(device, run.Model, training.Seed, tokenizer);
        using var work = new TrainRun(model, images, training, maxBadShare: maxBad);
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
            AblationRow Row(string images, string method, MetricValue metric) =>
                new(Loss(run), rung, training.Seed, images, method, metric.Name, metric.Value);
            rows.AddRange(suite.Measure(model).SelectMany(score => score.Metrics.Where(metric => double.IsFinite(metric.Value))
                .Select(metric => Row(score.Images, score.Method, metric))));
            rows.AddRange(AtTheEnd(run, last!).Select(metric => Row("training", "last report", metric)));
        }
        folder.Add(rows);
        return true;
    }

    static IEnumerable<MetricValue> AtTheEnd(AblationRun run, TrainReport report) =>
    [
        .. run.Losses.Select(term => new MetricValue(term.Name, report.Metrics.Losses.Of(term) ?? 0)),
        new("seconds", report.Elapsed.TotalSeconds),
    ];

    static string Loss(AblationRun run) => run.Model.Contrastive.ToString().ToLowerInvariant();
}
