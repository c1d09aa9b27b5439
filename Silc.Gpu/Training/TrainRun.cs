using System.Diagnostics;

namespace Silc;

/// <summary>A training run: batches are loaded ahead while the device computes, and every few steps the metrics are read and reported.</summary>
public sealed class TrainRun : IDisposable
{
    readonly int batchSize, totalSteps;

    /// <summary>Prepares a run of <paramref name="model"/> over <paramref name="data"/>.</summary>
    /// <param name="model">Made with a tokenizer; it is trained in place and not disposed.</param>
    /// <param name="data">Pictures with captions; read from several threads.</param>
    /// <param name="train">Losses, optimizer and schedule.</param>
    /// <param name="checkpoint">A file that <see cref="Trainer.Save"/> wrote: the run goes on from there, over the same batches.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer, or a value does not fit.</exception>
    public TrainRun(SilcModel model, IImageTextSource data, TrainConfig train, string? checkpoint = null)
    {
        var tokenizer = model.Tokenizer ?? throw new ArgumentException("this model has no tokenizer: give one to SilcModel.Create");
        (batchSize, totalSteps) = (train.BatchSize, train.TotalSteps);
        Trainer = new(model, train);
        try
        {
            if (checkpoint is not null) Trainer.Load(checkpoint);
            Loader = new(data, tokenizer, model.Config, batchSize, train.Seed, startStep: Trainer.Steps);
        }
        catch
        {
            Trainer.Dispose();
            throw;
        }
    }

    /// <summary>Does the steps; writes checkpoints.</summary>
    public Trainer Trainer { get; }

    /// <summary>Makes the batches; knows which samples could not be read.</summary>
    public BatchLoader Loader { get; }

    /// <summary>Trains to the last step, or until the time is up or <paramref name="stop"/> asks; can be called again to go on.</summary>
    /// <param name="report">Is told every <paramref name="reportEvery"/> steps, and at the end.</param>
    /// <param name="reportEvery">Steps between reports; reading the metrics waits for the device.</param>
    /// <param name="limit">Training time after which the run ends with the step at hand.</param>
    /// <param name="stop">Ends the run with the step at hand.</param>
    /// <exception cref="TrainingDivergedException">Too many steps in a row were not finite.</exception>
    public RunEnd Run(Action<TrainReport>? report = null, int reportEvery = 10, TimeSpan? limit = null, CancellationToken stop = default)
    {
        Require.Positive(reportEvery, "steps between reports");
        var clock = Stopwatch.StartNew();
        var (since, sinceWait, sinceTimes, sinceStep) = (clock.Elapsed, Loader.WaitSeconds, Loader.Times, Trainer.Steps);
        while (true)
        {
            RunEnd? end = Trainer.Steps >= totalSteps ? RunEnd.Finished
                : stop.IsCancellationRequested ? RunEnd.Stopped
                : clock.Elapsed > limit ? RunEnd.OutOfTime : null;
            if (Trainer.Steps > sinceStep && (end is not null || Trainer.Steps % reportEvery == 0))
            {
                var metrics = Trainer.ReadMetrics();
                var (steps, seconds) = (Trainer.Steps - sinceStep, (clock.Elapsed - since).TotalSeconds);
                report?.Invoke(new(metrics, totalSteps, steps * batchSize / seconds, (Loader.WaitSeconds - sinceWait) / seconds,
                    (Loader.Times - sinceTimes).Slowest, clock.Elapsed, TimeSpan.FromSeconds((totalSteps - Trainer.Steps) * seconds / steps)));
                (since, sinceWait, sinceTimes, sinceStep) = (clock.Elapsed, Loader.WaitSeconds, Loader.Times, Trainer.Steps);
            }
            if (end is { } why) return why;
            var batch = Loader.Next();
            Trainer.Step(batch);
            Loader.Return(batch);
        }
    }

    /// <summary>Stops loading and frees what training needs; the model stays.</summary>
    public void Dispose()
    {
        Loader.Dispose();
        Trainer.Dispose();
    }
}
