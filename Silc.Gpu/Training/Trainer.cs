using System.Diagnostics;

namespace Silc;

/// <summary>
/// Trains a model: image-text contrast on every global view plus local-to-global self-distillation (Naeem et al. 2024, arXiv:2310.13355).
/// <see cref="Step"/> copies its batch while the step before runs, waits for that (on CUDA for the one before that) and queues work;
/// <see cref="ReadMetrics"/> waits for what is queued.
/// </summary>
/// <example>
/// <code>
/// using var trainer = new Trainer(model, new TrainConfig(BatchSize: 32, TotalSteps: 200));
/// using var loader = new BatchLoader(images, model.Tokenizer!, model.Config, trainer.Config.BatchSize, seed: 0);
/// trainer.Schedule = step => step &lt; 20 ? step / 20.0 : 1;                    // a schedule of your own
/// foreach (var batch in loader.Take(200))
/// {
///     trainer.Step(batch);
///     if (trainer.Steps % 20 == 0) Console.WriteLine(trainer.ReadMetrics().Losses);
/// }
/// </code>
/// </example>
/// <remarks>
/// Threads: every member may be called from any number of threads; each call holds the device's lock, so that others may use
/// the model, or save it, between two steps. The steps of two threads are done in the order in which they get the lock. After
/// <see cref="Dispose"/>, and after the model or its device was disposed, calls throw <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class Trainer : IDisposable
{
    readonly SilcModel student;
    readonly Device device;
    readonly Arena arena;
    readonly Pass pass, teacherPass;
    readonly BatchUpload views;
    readonly ContrastiveLoss contrastive;
    readonly DistillationLoss distillation;
    readonly IReadOnlyList<ImageLoss> imageLosses;
    readonly SinkhornAssignment? sinkhorn;
    readonly MaskedPatchLoss? masked;
    readonly MaskUpload? masks;
    readonly GramLoss? gram;
    readonly DecoderLoss? decoder;
    readonly CaptionUpload? captions;
    readonly DualCaptionLoss? dual;
    readonly List<LossParameters> own = [];
    readonly IOptimizer optimizer;
    readonly FrozenParameters frozen;
    readonly StepState stepState;
    readonly StepState? lastLayer, lateHead;
    readonly StepGraphs graphs;
    readonly LossBuffer losses;
    readonly ICollective collective;
    readonly GradientBuckets buckets;
    bool disposed;

    /// <summary>Prepares to train <paramref name="model"/>: measures the memory of a step, then allocates it.</summary>
    /// <param name="model">The student; it is trained in place.</param>
    /// <param name="train">Losses, optimizer and schedule; the batch size is that of all ranks together.</param>
    /// <param name="collective">
    /// The ranks that train this model together, all from the same weights (<see cref="TrainRun"/> sees to that); null for this process alone.
    /// </param>
    /// <param name="shardMoments">
    /// Each rank holds 1/N of AdamW's moments, or of Adafactor's momentum, and updates that part of the weights (ZeRO stage 1): 8 · (1 - 1/N) bytes
    /// a parameter less, or 4, the same bits, and one all-gather of the weights more a step. Then all ranks call <see cref="Save(string)"/>, and
    /// rank 0 alone writes.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A value is out of range, a parameter has no decay rule, a rate rule no parameter, nothing is left to train, or the ranks do not divide
    /// the batch.
    /// </exception>
    public Trainer(SilcModel model, TrainConfig train, ICollective? collective = null, bool shardMoments = false)
    {
        (student, device, Config, this.collective) = (model, model.Device, train.Check(), collective ??= new Solo());
        if (device.Precision == Precision.Int8)
            throw new ArgumentException("weights in 8 bits embed and do not learn: open the device with another precision (--precision float32)");
        var ranks = collective.Size;
        RequireEqualParts(train, ranks);
        Batch.RequireRoom(model.Config, train.BatchSize / ranks);
        ShardsMoments = shardMoments && ranks > 1;
        collective.Bind(device);
        using var exclusive = model.Exclusive();
        if (train.DistillationWeight > 0 && model.Config.Views.Local == 0 && !train.GlobalToGlobal)
            throw new ArgumentException("self-distillation needs local views: set ViewConfig.Local, or DistillationWeight to 0");
        if (model.Config.Views.Naflex > 0) RequireNaflex(model, train);
        if (train.GlobalToGlobal && model.Config.Views.Plain)
            throw new ArgumentException("with plain views the student sees no global ones: set ViewConfig.Plain or GlobalToGlobal to false");
        // Computed positions do not learn, whatever the rules say.
        var rules = model.Config.Positions == PositionKind.Learned ? train.RateRules : [new(ModelWeights.Positions, 0), .. train.RateRules];
        var learning = train with { RateRules = rules };
        frozen = new(model.Parameters, rules);
        if ((frozen.Image || frozen.IsLocked) && train.DistillationWeight > 0)
            throw new ArgumentException("the image tower is frozen, and it is what self-distillation trains: set DistillationWeight to 0 "
                + "(--distillation 0)");
        (contrastive, distillation, imageLosses) = (new(model, train.ContrastiveWeight, collective), new(model.Config, train, ranks),
            ImageLoss.Of(model.Config, train, ranks));
        if (train.Centering == Centering.Sinkhorn) sinkhorn = new(collective);
        if ((frozen.Image || frozen.IsLocked) && train.MaskWeight > 0)
            throw new ArgumentException("the image tower is frozen, and it is what masked patch prediction trains: set MaskWeight to 0 (--mask 0)");
        if (frozen.Image && train.DualWeight > 0)
            throw new ArgumentException("the image tower is frozen, and second captions train a second embedding of it: set DualWeight to 0 "
                + "(--dual 0)");
        if (frozen.Image && imageLosses is [{ Term: var term }, ..])
            throw new ArgumentException(
                $"the image tower is frozen, and it is what the loss {term.Name} trains: set its weight to 0 ({term.Option} 0)");
        try
        {
            model.Parameters.AllocateGradients();
            buckets = new(model.Parameters, collective);
            if (train.DistillationWeight > 0 || train.MaskWeight > 0) Teacher = new(model);
            if (train.AverageWeights) Average = new(model);
            views = new(device, model.Config, train.BatchSize / ranks, train.Accumulate);
            var shard = ShardsMoments ? new MomentShard(model.Parameters, collective) : null;
            optimizer = train.Optimizer == OptimizerKind.AdamW ? new AdamW(model.Parameters, learning, shard)
                : new Adafactor(model.Parameters, learning, shard);
            if (train.MaskWeight > 0)
            {
                masked = new(model, Teacher!, train, sinkhorn);
                masks = new(model, train, collective.Rank, ranks);
                own.Add(new(LossTerm.Mask, MaskedPatchLoss.Tower, masked.Parameters, masked.TeacherParameters, learning));
            }
            if (train.GramWeight > 0) gram = new(model, train, ranks);
            if (train.DecoderWeight > 0)
            {
                captions = new(model, train, ranks);
                decoder = new(model, train);
                own.Add(new(LossTerm.Decoder, DecoderLoss.Tower, decoder.Parameters, null, learning));
                if (decoder.LocatedParameters is { } places) own.Add(new(LossTerm.Located, DecoderLoss.LocatedTower, places, null, learning));
            }
            if (train.DualWeight > 0)
            {
                dual = new(model, train, collective);
                own.Add(new(LossTerm.Dual, DualCaptionLoss.Tower, dual.Parameters, null, learning));
            }
            stepState = new(device);
            if (train.FrozenLastLayerSteps > 0) lastLayer = new(device);
            if (HeadLosses.Any(term => term.Weight(train) > 0) && HeadStart > 0) lateHead = new(device);
            graphs = new(device, collective, model.Config.Views.Naflex > 0);
            losses = new(device);
            arena = Measure();
            (pass, teacherPass) = (new(device.Ops, arena, Recompute: train.Recompute), new(device.Ops, arena, Training: false));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Losses, optimizer and schedule.</summary>
    public TrainConfig Config { get; private set; }

    /// <summary>The EMA teacher; null without self-distillation and masked patch prediction.</summary>
    internal Teacher? Teacher { get; }

    /// <summary>The average of the student's weights; null unless <see cref="TrainConfig.AverageWeights"/> asks for it.</summary>
    internal WeightAverage? Average { get; }

    /// <summary>
    /// A schedule of your own: the multiplier of learning rate and weight decay at a step, from 0, in place of
    /// <see cref="TrainConfig.Schedule"/>. It is called for each step and for the metrics, under the device's lock.
    /// Checkpoints do not hold it: set it again when a run goes on. Null, as from the start, takes the configuration's.
    /// </summary>
    public Func<long, double>? Schedule { get; set; }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Time spent on copying batches to the device.</summary>
    public TimeSpan UploadTime { get; private set; }

    /// <summary>Activation memory of a step, in bytes.</summary>
    public long ActivationBytes => arena.Capacity * sizeof(float);

    /// <summary>Tests look at intermediate values here: called with names such as <c>z_image</c> while a step runs.</summary>
    internal Action<string, Tensor>? Probe { get; set; }

    /// <summary>Every rank holds a part of the moments, so that a checkpoint needs all ranks.</summary>
    internal bool ShardsMoments { get; }

    /// <summary>Parameters that losses have for themselves.</summary>
    internal IReadOnlyList<LossParameters> Own => own;

    /// <summary>The ranks that train this model together.</summary>
    internal ICollective Collective => collective;

    /// <summary>Moves the end of the schedule, between steps.</summary>
    internal void EndAt(int steps) => Config = (Config with { TotalSteps = steps }).Check();

    /// <summary>One update from a batch of <see cref="TrainConfig.BatchSize"/> images, or from this rank's part of it.</summary>
    /// <exception cref="ArgumentException">
    /// The batch has another size than the configuration, or <see cref="Schedule"/> returns a negative or infinite multiplier.
    /// </exception>
    public void Step(Batch batch)
    {
        using var exclusive = Exclusive();
        var start = Stopwatch.GetTimestamp();
        views.Send(batch);          // while the step before still runs
        if (Config.Runs(LossTerm.Mask, Steps)) masks!.Send(views.Place, Steps);
        if (Config.Runs(LossTerm.Decoder, Steps)) captions!.Send(views.Place, Steps, batch, Config.Runs(LossTerm.Located, Steps));
        UploadTime += Stopwatch.GetElapsedTime(start);
        if (!device.RunsAhead) device.Synchronize();
        var schedule = Multiplier(Steps);
        stepState.Set(Config.LearningRate * schedule, Config.WeightDecayAt(Steps) * schedule);
        stepState.SetDistillation(Config.TeacherMomentumAt(Steps), Config.CenterMomentum, Config.TeacherTemperatureAt(TeacherSteps),
            HeadSteps >= Config.FrozenLastLayerSteps);
        Enter();
        device.Ops.RefreshWeights();
        graphs.Queue(views.Place, Runs(LossTerm.Decoder) && captions!.AtOnce, Queue);
        views.MarkUse();
        Steps++;
    }

    double Multiplier(long step)
    {
        if (Schedule is not { } own) return Config.Schedule.At(step, Config.TotalSteps);
        var multiplier = own(step);
        Require.That(multiplier >= 0 && double.IsFinite(multiplier),
            $"the schedule says {multiplier} for step {step}, a multiplier of the learning rate is 0 or positive");
        return multiplier;
    }

    // The launches of a step: the same, with the same arguments, for every batch in the same slot.
    void Queue()
    {
        Gradients(pass, teacherPass);
        Update();
    }

    // Sums over the ranks; what follows sees the same bits everywhere, and needs no further exchange.
    void Exchange()
    {
        // Losses and the mean outputs travel with the last gradients: one wait for all.
        collective.Begin(losses.Values);
        if (Runs(LossTerm.Distillation) && sinkhorn is null) Teacher!.BeginExchange(collective);
        buckets.Finish();
        if (Runs(LossTerm.Distillation) && sinkhorn is null) Teacher!.EndExchange(device.Ops, collective);
        foreach (var part in own.Where(part => Runs(part.Term))) collective.AllReduce(part.Parameters.Grads);
        if (Runs(LossTerm.Mask)) masked!.Exchange(device.Ops, collective);
    }

    static void RequireNaflex(SilcModel model, TrainConfig train)
    {
        model.Image.RequirePacked();
        Require.That(model.Config.Views is { Local: 0, Plain: false, AnchorScale: 0 }, "images at their own aspect ratio are seen once, and there "
            + "are no other views: set Local, Plain and AnchorScale to 0 (--distillation 0, --views silc) or Naflex to 0 (--naflex 0)");
        if (LossTerm.Of(train).FirstOrDefault(term => term != LossTerm.Contrastive) is { } other)
            throw new ArgumentException($"images at their own aspect ratio (NaFlex) have no views for the loss {other.Name}: set its weight to 0 "
                + $"({other.Option} 0) or Naflex to 0 (--naflex 0)");
    }

    static void RequireEqualParts(TrainConfig train, int ranks)
    {
        int slices = train.BatchSize / train.Accumulate;
        if (slices % ranks == 0) return;
        var fitting = Enumerable.Range(1, slices).Where(parts => slices % parts == 0);
        throw new ArgumentException($"a batch of {train.BatchSize}{(train.Accumulate > 1 ? $" in {train.Accumulate} slices" : "")} cannot be cut "
            + $"into {ranks} equal parts, one for each rank; {string.Join(", ", fitting)} ranks can");
    }

    void Update()
    {
        if (!collective.IsAlone) Exchange();
        frozen.Clear(device.Ops);
        device.Ops.GradNorm(student.Parameters.Grads, losses.Values, stepState, Config.ClipByTensor ? 0 : (float)Config.ClipNorm, (float)Config.Beta1,
            (float)Config.Beta2, OwnSquares());
        if (Config.ClipByTensor && Config.ClipNorm > 0)
            foreach (var p in student.Parameters.All) device.Ops.ClipTensor(p.Grad, (float)Config.ClipNorm);
        if (lastLayer is not null) device.Ops.LateState(stepState, stepState.LastLayerBegun, lastLayer, (float)Config.Beta1, (float)Config.Beta2);
        if (HeadState is { } late) device.Ops.LateState(stepState, stepState.Always, late, (float)Config.Beta1, (float)Config.Beta2);
        optimizer.Step(stepState, lastLayer, TeacherRuns ? Teacher!.Parameters.Values : default, HeadState);
        foreach (var part in own.Where(part => Runs(part.Term))) part.Step(device.Ops, stepState);
        if (Config.LogitScaleMax is { } most) device.Ops.AtMost(student.LogitScale.Value, (float)Math.Log(most));
        if (Runs(LossTerm.Distillation) && sinkhorn is null) Teacher!.MoveCenter(device.Ops, stepState);
        if (Runs(LossTerm.Mask)) masked!.MoveCenter(device.Ops, stepState);
        Average?.Follow(device.Ops, stepState);
        device.Ops.RefreshWeights();
    }

    // Of the gradients of parameters that losses have for themselves; nothing where there are none.
    Tensor OwnSquares()
    {
        if (!own.Any(part => Runs(part.Term))) return default;
        device.Ops.Fill(losses.Squares, 0);
        foreach (var part in own.Where(part => Runs(part.Term))) device.Ops.AddSquares(part.Parameters.Grads, losses.Squares, 0);
        return losses.Squares;
    }

    /// <summary>Waits for the steps so far.</summary>
    internal void Wait()
    {
        using var exclusive = Exclusive();
        device.Synchronize();
    }

    /// <summary>
    /// Waits for the steps so far and returns the means since the last call. Of several ranks all call it after the same step; the health of
    /// distillation is that of rank 0's images.
    /// </summary>
    /// <exception cref="TrainingDivergedException">More than <see cref="TrainConfig.MaxSkippedSteps"/> steps in a row were skipped.</exception>
    /// <exception cref="ArgumentException"><see cref="Schedule"/> returns a negative or infinite multiplier.</exception>
    public StepMetrics ReadMetrics()
    {
        using var exclusive = Exclusive();
        var state = stepState.Read();
        stepState.ResetSums();
        var counted = Math.Max(1, state[StepState.Counted]);
        // A loss that began or ended since the last report has the mean over the steps in which it ran.
        LossValues means = [.. from term in LossTerm.Of(Config)
                               let ran = Ran(term, (long)counted)
                               where ran > 0
                               select new LossValue(term, state[StepState.SumOf(term.Index)] / ran)];
        int inRow = (int)state[StepState.SkippedInRow];
        if (inRow >= Config.MaxSkippedSteps)
            throw new TrainingDivergedException($"the loss or its gradient was not finite in the last {inRow} steps (up to step {Steps}); nothing "
                + "was "
                + $"updated in them. Lower the learning rate, lengthen the warm-up, or look for broken images; the weights are those of "
                + $"step {Steps - inRow}, the last good one");
        return new(Steps, means.Sum(loss => loss.Term.Weight(Config) * loss.Value), means, state[StepState.SumNorm] / counted,
            Config.LearningRate * Multiplier(Math.Max(0, Steps - 1)), Math.Exp(Read(student.LogitScale)), student.LogitBias is { } b ? Read(b) : 0,
            (long)state[StepState.Skipped], inRow, inRow == 0 && collective.Rank == 0 ? ReadHealth(means) : null)
        {
            HiddenShare = Runs(LossTerm.Mask) ? masks!.HiddenShare : null,
            PatchEntropy = inRow == 0 && collective.Rank == 0 ? ReadPatchEntropy() : null,
        };
    }

    float Read(Parameter p) => device.Download(p.Value.View.SubView(0, 1))[0];

    /// <summary>Takes the device's lock, if trainer and model still have memory.</summary>
    Lock.Scope Exclusive()
    {
        var exclusive = student.Exclusive();
        if (!disposed) return exclusive;
        exclusive.Dispose();
        throw new ObjectDisposedException(nameof(Trainer));
    }

    /// <summary>Frees everything but the model, once the call that is at work is done.</summary>
    public void Dispose()
    {
        using var exclusive = device.ExclusiveForRelease();
        disposed = true;
        // Some are null if the constructor failed.
        graphs?.Dispose();
        arena?.Dispose();
        views?.Dispose();
        optimizer?.Dispose();
        stepState?.Dispose();
        lastLayer?.Dispose();
        lateHead?.Dispose();
        own.ForEach(part => part.Dispose());
        gram?.Dispose();
        decoder?.Dispose();
        captions?.Dispose();
        dual?.Dispose();
        masked?.Dispose();
        masks?.Dispose();
        Teacher?.Dispose();
        Average?.Dispose();
        losses?.Dispose();
    }
}
