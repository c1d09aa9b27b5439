using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Silc;

/// <summary>
/// A training run: batches are loaded ahead while the device computes, and every few steps the metrics are read and reported.
/// Threads: one calls <see cref="Run"/>; meanwhile others may use the model. <see cref="Dispose"/> may be called from any.
/// </summary>
/// <example>
/// <code>
/// using var folder = RunFolder.Open("runs/mine", new SavePolicy(EverySteps: 500));
/// using var run = new TrainRun(model, images, new TrainConfig(BatchSize: 64, TotalSteps: 10_000), folder);
/// RunEnd end = run.Run(report => Console.WriteLine($"{report.Metrics.Step}: {report.Metrics.Losses}"), reportEvery: 50);
/// </code>
/// </example>
public sealed class TrainRun : IDisposable
{
    // Time between two checks that the folder is still this run's; it is also checked before anything is written.
    static readonly TimeSpan OwnershipChecks = TimeSpan.FromSeconds(0.5);

    readonly int batchSize;
    int totalSteps;
    readonly SilcModel model;
    readonly RunFolder? folder;
    readonly DataState state;
    readonly Stopwatch sinceSave = Stopwatch.StartNew(), sinceLook = Stopwatch.StartNew();
    readonly ICollective collective;
    readonly Func<long, BatchLoader> load;
    long savedStep = -1;
    bool reportNow, begun;
    // Came with the last vote.
    Batch? ahead;

    /// <summary>Prepares a run of <paramref name="model"/> over <paramref name="data"/>.</summary>
    /// <param name="model">Made with a tokenizer; it is trained in place and not disposed.</param>
    /// <param name="data">Images with captions; read from several threads.</param>
    /// <param name="train">Losses, optimizer and schedule.</param>
    /// <param name="folder">
    /// Where checkpoints are written while <see cref="Run"/> trains, and the model at its end. From a checkpoint to
    /// start from the run goes on, over the same batches and to the same bits. Null writes nothing. It is not disposed.
    /// </param>
    /// <param name="maxBadShare">As for <see cref="BatchLoader"/>.</param>
    /// <param name="collective">
    /// The ranks that train together, each with such a run of its own: the same data and training everywhere, a folder on rank 0 alone. All begin
    /// from the state of rank 0, and stop and save after the same steps. Null for this process alone. It is not disposed.
    /// </param>
    /// <param name="shardMoments">
    /// As for <see cref="Trainer"/>. A rank that fails alone then ends the run without a checkpoint of its last steps.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The model has no tokenizer, a value does not fit, or model, data or training are not the checkpoint's.
    /// </exception>
    public TrainRun(SilcModel model, IImageTextSource data, TrainConfig train, RunFolder? folder = null, double maxBadShare = 0.1,
        ICollective? collective = null, bool shardMoments = false)
        : this(model, data, train, folder, maxBadShare, collective, startStep: 0, shardMoments)
    {
    }

    /// <summary>The same where the step that rank 0 goes on from is known: loading begins there at once.</summary>
    internal TrainRun(SilcModel model, IImageTextSource data, TrainConfig train, RunFolder? folder, double maxBadShare,
        ICollective? collective, long startStep, bool shardMoments)
    {
        this.collective = collective ??= new Solo();
        Require.That(collective.Rank == 0 || folder is null, $"rank {collective.Rank} has a folder: rank 0 alone writes the files of a run");
        Require.That(train.BatchSize > 1 || train.ContrastiveWeight == 0 || model.Config.Contrastive != ContrastiveKind.Softmax,
            "softmax contrast tells the images of a batch apart: one alone has nothing to contrast, and its loss is always 0; "
                + "take batches of 2 or more, or the sigmoid loss (--contrastive sigmoid)");
        (this.model, this.folder, state) = (model, folder, DataState.Of(data));
        var start = folder?.Start;
        start?.Require(model.Config, train);
        start?.Data?.Require(data, start.Path);
        var tokenizer = model.Tokenizer ?? throw new ArgumentException("this model has no tokenizer: give one to SilcModel.Create");
        (batchSize, totalSteps) = (train.BatchSize, train.TotalSteps);
        Trainer = new(model, train, collective, shardMoments);
        try
        {
            if (start is not null) Trainer.Load(start);
            int? workers = collective.IsAlone ? null : LocalDevice.ThreadsOf(collective.LocalSize);
            load = step => new(data, tokenizer, model.Config, batchSize, train.Seed, workers, prefetch: 3, step, maxBadShare,
                needCaptions: train.ReadsCaptions, collective.Rank, collective.Size);
            Loader = load(Math.Max(startStep, Trainer.Steps));
            folder?.Begin(Trainer.CheckpointBytes, Trainer.ModelBytes);
            // A fork has no checkpoint in its own folder yet.
            if (start is not null && folder!.Owns(start)) savedStep = start.Step;
        }
        catch
        {
            Loader?.Dispose();
            Trainer.Dispose();
            throw;
        }
    }

    /// <summary>Does the steps; writes checkpoints.</summary>
    public Trainer Trainer { get; }

    /// <summary>Makes the batches; knows which samples could not be read.</summary>
    public BatchLoader Loader { get; private set; }

    /// <summary>Where the time of loading went since the start.</summary>
    internal LoadTimes Times => Loader.Times with { Upload = Trainer.UploadTime };

    /// <summary>Called before a checkpoint is written: flush here what must not be older than it on the disk.</summary>
    public Action? Saving { get; set; }

    /// <summary>
    /// Called after every step with the steps done, on the thread of <see cref="Run"/>: a place to validate. True ends the run,
    /// as <see cref="RunEnd.Early"/>.
    /// </summary>
    public Func<long, bool>? AfterStep { get; set; }

    /// <summary>Says after which steps <see cref="AfterStep"/> takes long on rank 0, so that the others wait for it.</summary>
    internal Func<long, bool>? LooksLong { get; set; }

    /// <summary>All ranks have ended the run together, whatever this one threw: none waits for another.</summary>
    internal bool EndedTogether { get; private set; }

    /// <summary>A report follows the step at hand, whatever its number.</summary>
    internal void ReportNow() => reportNow = true;

    /// <summary>
    /// Moves the end of the run, and with it what is left of the schedule: between steps, on the thread of <see cref="Run"/>, alike on
    /// all ranks.
    /// </summary>
    /// <param name="steps">Steps of the whole run, those done included.</param>
    internal void EndAt(int steps)
    {
        Require.That(steps >= Trainer.Steps, $"a run of {Trainer.Steps} steps cannot end after {steps}");
        totalSteps = steps;
        Trainer.EndAt(steps);
    }

    /// <summary>
    /// Trains to the last step, or until the time is up or <paramref name="stop"/> asks; can be called again to go on.
    /// With a folder it leaves a checkpoint and the model there, however it ends; a run that diverged leaves the model alone.
    /// </summary>
    /// <param name="report">Is told every <paramref name="reportEvery"/> steps, and at the end.</param>
    /// <param name="reportEvery">Steps between reports; reading the metrics waits for the device.</param>
    /// <param name="limit">Training time after which the run ends with the step at hand.</param>
    /// <param name="stop">Ends the run with the step at hand, and at once while it waits for data.</param>
    /// <exception cref="TrainingDivergedException">Too many steps in a row were not finite; the message says where the weights are.</exception>
    /// <exception cref="IOException">
    /// A checkpoint could not be written, and those before it are still there; or the folder was removed or replaced, and nothing is written.
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="reportEvery"/> is not positive.</exception>
    public RunEnd Run(Action<TrainReport>? report = null, int reportEvery = 10, TimeSpan? limit = null, CancellationToken stop = default)
    {
        Require.Positive(reportEvery, "steps between reports");
        try
        {
            if (!begun) Begin();
            return Loop(report, reportEvery, limit, stop);
        }
        catch
        {
            // The others wait for a rank that has failed alone: its process must end.
            collective.Watch.IsBroken = !collective.IsAlone && !EndedTogether;
            throw;
        }
    }

    // Every rank goes on from the state of rank 0.
    void Begin()
    {
        if (!collective.IsAlone)
        {
            Together(() => RunIdentity.RequireSame(collective, model.Config, Trainer.Config, state, Trainer.ShardsMoments));
            Trainer.Spread();
            if (Loader.Position != Trainer.Steps)
            {
                Loader.Dispose();
                Loader = load(Trainer.Steps);
            }
        }
        begun = true;
    }

    // What all ranks find, and throw, alike.
    void Together(Action check)
    {
        try
        {
            check();
        }
        catch (Exception error) when (error is ArgumentException or TrainingDivergedException or CollectiveException { IsOfAll: true })
        {
            EndedTogether = true;
            throw;
        }
    }

    RunEnd Loop(Action<TrainReport>? report, int reportEvery, TimeSpan? limit, CancellationToken stop)
    {
        EndedTogether = false;
        var waited = collective.Watch.Waited;
        var clock = Stopwatch.StartNew();
        var (since, sinceWait, sinceTimes, sinceStep) = (clock.Elapsed, Loader.WaitSeconds, Times, Trainer.Steps);
        var enough = false;
        while (true)
        {
            var votes = (enough ? Votes.Early : Votes.None) | (stop.IsCancellationRequested ? Votes.Stop : Votes.None)
                | (reportNow ? Votes.Report : Votes.None) | (clock.Elapsed > limit && collective.Rank == 0 ? Votes.OutOfTime : Votes.None)
                | (Trainer.Steps > 0 && folder?.Policy.IsDue(Trainer.Steps, sinceSave.Elapsed) == true ? Votes.Save : Votes.None);
            reportNow = false;
            var failure = collective.IsAlone ? null : Agree(ref votes, stop);
            if (votes.HasFlag(Votes.Failed)) Fail(failure);
            RunEnd? end = Trainer.Steps >= totalSteps ? RunEnd.Finished
                : votes.HasFlag(Votes.Early) ? RunEnd.Early
                : votes.HasFlag(Votes.Stop) ? RunEnd.Stopped
                : votes.HasFlag(Votes.OutOfTime) ? RunEnd.OutOfTime : null;
            if (Trainer.Steps > sinceStep && (end is not null || votes.HasFlag(Votes.Report) || Trainer.Steps % reportEvery == 0))
            {
                var metrics = ReadMetrics();
                var (steps, seconds) = (Trainer.Steps - sinceStep, (clock.Elapsed - since).TotalSeconds);
                OrSave(() => report?.Invoke(new(metrics, totalSteps, steps * batchSize / seconds, (Loader.WaitSeconds - sinceWait) / seconds,
                    (Times - sinceTimes).Slowest, clock.Elapsed, TimeSpan.FromSeconds((totalSteps - Trainer.Steps) * seconds / steps))
                {
                    CollectiveShare = (collective.Watch.Waited - waited).TotalSeconds / seconds,
                }));
                waited = collective.Watch.Waited;
                (since, sinceWait, sinceTimes, sinceStep) = (clock.Elapsed, Loader.WaitSeconds, Times, Trainer.Steps);
            }
            if (end is not null || votes.HasFlag(Votes.Save)) Save();
            if (end is { } why)
            {
                collective.Watch.Patience = Watchdog.Patient;
                SaveModel();
                EndedTogether = true;
                return why;
            }
            collective.Watch.Patience = votes.HasFlag(Votes.Save) || LooksLong?.Invoke(Trainer.Steps + 1) == true ? Watchdog.Patient : 1;
            var before = Trainer.Steps;
            Step(stop);
            if (Trainer.Steps == before || AfterStep is not { } look) continue;
            var start = clock.Elapsed;
            OrSave(() => enough = look(Trainer.Steps));
            since += clock.Elapsed - start;     // no time of training
        }
    }

    /// <summary>Writes a checkpoint to the folder, unless it has one of this step or still holds the run that this one replaces.</summary>
    /// <remarks>Where each rank holds a part of the moments, all ranks call it.</remarks>
    /// <exception cref="IOException">It could not be written; those before it are still there.</exception>
    public void Save()
    {
        var writes = folder is not (null or { Replaces: true }) && Trainer.Steps != savedStep;
        if (Trainer.ShardsMoments)
        {
            writes = collective.Share([(byte)(writes ? 1 : 0)])[0] == 1;
            if (writes && folder is null) Trainer.GiveMoments();
        }
        if (!writes || folder is null) return;
        folder.RequireOwned(Trainer.Steps);
        Saving?.Invoke();
        folder.Add(Trainer.Steps, path => Trainer.Save(path, state, folder.Notes));
        savedStep = Trainer.Steps;
        sinceSave.Restart();
    }

    // The bits of all ranks, each of which brings its next batch or says that it has none: data that fails on one costs no step.
    Exception? Agree(ref Votes votes, CancellationToken stop)
    {
        Exception? failure = null;
        if (Trainer.Steps < totalSteps && !votes.HasFlag(Votes.Early) && !votes.HasFlag(Votes.Stop) && ahead is null)
            try
            {
                Fault.Data(collective, Trainer.Steps + 1);
                ahead = Loader.Next(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                votes |= Votes.Stop;
            }
            catch (Exception error)
            {
                failure = error;
                votes |= Votes.Failed;
            }
        collective.Watch.Step = Trainer.Steps;
        votes = collective.Agree(votes);
        return failure;
    }

    void Fail(Exception? own)
    {
        Save();
        EndedTogether = true;
        if (own is not null) ExceptionDispatchInfo.Throw(own);
        throw new CollectiveException($"another rank has no data for step {Trainer.Steps + 1:N0}, and says why: all have stopped after the "
            + "step before", ofAll: true);
    }

    void SaveModel()
    {
        if (folder is null or { Replaces: true }) return;
        folder.RequireOwned(Trainer.Steps);
        var origin = model.Tokenizer!.Origin;
        if (origin?.File is { } file) AtomicFile.WriteBytes(folder.At(origin.Name), file);
        model.Save(folder.At(RunFolder.ModelName), origin, Trainer.Steps);
    }

    void Step(CancellationToken stop)
    {
        Fault.At(collective, Trainer.Steps + 1);
        var batch = ahead;
        ahead = null;
        if (batch is null) OrSave(() =>
        {
            try
            {
                batch = Loader.Next(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // The loop ends the run.
            }
        });
        if (batch is null) return;
        Trainer.Step(batch);
        Loader.Return(batch);
        if (folder is null) return;
        if (folder.Replaces)
        {
            // A run that fails in its first step, for example for lack of memory, must not have deleted the run that the folder held.
            Trainer.Wait();
            folder.Began();
        }
        if (sinceLook.Elapsed < OwnershipChecks) return;
        folder.RequireOwned(Trainer.Steps);
        sinceLook.Restart();
    }

    // The report or the data may throw, for example when a terminal or disk is gone: save the steps since the last checkpoint first, unless that
    // takes moments of other ranks, which know nothing of it.
    void OrSave(Action action)
    {
        try
        {
            action();
        }
        catch
        {
            if (!Trainer.ShardsMoments) Save();
            throw;
        }
    }

    StepMetrics ReadMetrics()
    {
        try
        {
            StepMetrics? metrics = null;
            Together(() =>
            {
                metrics = Trainer.ReadMetrics();
                Trainer.RequireEqualWeights();
            });
            return metrics!;
        }
        catch (TrainingDivergedException diverged) when (folder is { Replaces: false })
        {
            SaveModel();
            var newest = RunFolder.Checkpoints(folder.Path) is [var (step, path), ..]
                ? $"the newest checkpoint is {path}, after step {step}" : "there is no checkpoint of an earlier step";
            throw new TrainingDivergedException($"{diverged.Message}, in {folder.At(RunFolder.ModelName)}; {newest}", diverged);
        }
    }

    /// <summary>Stops loading and frees what training needs; the model stays.</summary>
    public void Dispose()
    {
        Loader.Dispose();
        Trainer.Dispose();
    }
}
