namespace Silc;

/// <summary>Which update rule.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW in optax's form, p ← p - lr · m̂ / (√v̂ + ε) - decay · p (Loshchilov and Hutter 2019, arXiv:1711.05101).</summary>
    AdamW,

    /// <summary>big_vision's <c>scale_by_adafactor</c> (Zhai et al. 2022, arXiv:2106.04560, section 3.4).</summary>
    Adafactor,
}

/// <summary>
/// Losses, optimizer and schedule of a run. The total loss is ContrastiveWeight · image-text loss + λ · self-distillation +
/// KoLeoWeight · KoLeo + MaskWeight · masked patch prediction + GramWeight · Gram anchoring + DecoderWeight · the decoder's loss
/// + DualWeight · the image-text loss of second captions + LocatedWeight · that of located captions. Units are big_vision's: the weight decay
/// is multiplied by the schedule but not by the learning rate, so 1e-4 at a learning rate of 1e-3 is what PyTorch's AdamW calls 0.1. Threads:
/// immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var train = new TrainConfig(BatchSize: 256, TotalSteps: 20_000, LearningRate: 1e-3, Schedule: new Schedule(ScheduleKind.Rsqrt, WarmupSteps: 1000))
/// {
///     RateRules = [RateRule.LockedImage],                                  // tune the text tower alone
///     DistillationWeight = 0,
/// };
/// </code>
/// </example>
/// <param name="BatchSize">Images B per step.</param>
/// <param name="TotalSteps">Steps of the whole run; the schedule ends there.</param>
/// <param name="Seed">Seed of initial weights, order and views.</param>
/// <param name="Optimizer">Update rule.</param>
/// <param name="LearningRate">Base learning rate, per update.</param>
/// <param name="WeightDecay">Decay of every parameter that matches <c>.*/kernel</c>, per update, times the schedule.</param>
/// <param name="Beta1">AdamW's first-moment factor; Adafactor's momentum.</param>
/// <param name="Beta2">AdamW's second-moment factor; Adafactor's cap on it.</param>
/// <param name="ClipNorm">Global gradient norm above which gradients are scaled down; 0 switches clipping off.</param>
/// <param name="Schedule">Learning-rate multiplier; null means cosine with 5 % warm-up.</param>
/// <param name="DistillationWeight">λ, the factor on the self-distillation loss; 0 switches teacher, head and local views off.</param>
/// <param name="ContrastiveWeight">Factor on the image-text loss.</param>
/// <param name="StudentTemperature">τ_s.</param>
/// <param name="TeacherTemperature">τ_t; lower is sharper.</param>
/// <param name="CenterMomentum">Momentum of the teacher's center.</param>
/// <param name="EmaMomentum">
/// Teacher momentum, fixed unless <see cref="EmaMomentumEnd"/> moves it; null means 0.966^(B / 16384), the paper's half-life in samples.
/// </param>
/// <param name="GlobalToGlobal">Adds DINO's terms in which the student sees the other global view.</param>
/// <param name="MaxSkippedSteps">Steps in a row with a non-finite loss or gradient after which training stops.</param>
/// <param name="BFloat16Momentum">Round Adafactor's momentum to bfloat16, as big_vision stores it.</param>
/// <param name="Recompute">
/// Activation checkpointing: save only the input of each transformer block, and run the block again for its gradient. Less memory for one
/// more forward pass of the towers (Chen et al. 2016, arXiv:1604.06174). The results have the same bits.
/// </param>
/// <param name="Accumulate">
/// Slices of the batch that go through the towers one after another, for less activation memory. The gradient is the whole batch's, negatives
/// included: with more than one slice everything is embedded twice (Gao et al. 2021, arXiv:2101.06983).
/// </param>
/// <param name="DecayRules">Which parameters decay; null means <see cref="DecayRule.Default"/>.</param>
/// <param name="RateRules">Which parameters learn faster, slower or not at all; null means that all learn alike.</param>
/// <param name="AverageWeights">Keep an average of all weights with the teacher's momentum, to be evaluated in their place.</param>
/// <param name="KoLeoWeight">
/// Factor on KoLeo (arXiv:1806.03198; DINOv2), which keeps the student's embeddings of each global view apart; 0 switches it off. Nearest images
/// are those of a slice where <paramref name="Accumulate"/> cuts the batch.
/// </param>
public sealed partial record TrainConfig(
    int BatchSize = 64, int TotalSteps = 1000, int Seed = 0,
    OptimizerKind Optimizer = OptimizerKind.AdamW, double LearningRate = 1e-3, double WeightDecay = 1e-4,
    double Beta1 = 0.9, double Beta2 = 0.999, double ClipNorm = 1.0, Schedule? Schedule = null,
    double DistillationWeight = 1, double ContrastiveWeight = 1, double StudentTemperature = 0.1, double TeacherTemperature = 0.04,
    double CenterMomentum = 0.9, double? EmaMomentum = null, bool GlobalToGlobal = false, int MaxSkippedSteps = 10,
    bool BFloat16Momentum = false, bool Recompute = false, int Accumulate = 1, IReadOnlyList<DecayRule>? DecayRules = null,
    IReadOnlyList<RateRule>? RateRules = null, bool AverageWeights = false, double KoLeoWeight = 0)
{
    /// <summary>Learning-rate multiplier over the run.</summary>
    public Schedule Schedule { get; init; } = Schedule ?? new Schedule(ScheduleKind.Cosine, Math.Max(1, TotalSteps / 20));

    /// <summary>Which parameters decay.</summary>
    public IReadOnlyList<DecayRule> DecayRules { get; init; } = DecayRules ?? DecayRule.Default;

    /// <summary>Which parameters learn faster, slower or not at all.</summary>
    public IReadOnlyList<RateRule> RateRules { get; init; } = RateRules ?? [];

    /// <summary>AdamW's ε, in the denominator beside the root.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// <see cref="ClipNorm"/> bounds each parameter by itself instead of the whole gradient: DINO's clipping. Query, key and value are three here.
    /// </summary>
    public bool ClipByTensor { get; init; }

    /// <summary>
    /// Weight decay at the end of the run, to which it goes by half a cosine; null keeps it. It is multiplied by the schedule all the same.
    /// </summary>
    public double? WeightDecayEnd { get; init; }

    /// <summary>Teacher momentum at the end of the run, to which it goes by half a cosine; null keeps it, as SILC does. DINO has 1.</summary>
    public double? EmaMomentumEnd { get; init; }

    /// <summary>τ_t at the first step, from which it goes linearly to <see cref="TeacherTemperature"/>; null begins there.</summary>
    public double? TeacherTemperatureStart { get; init; }

    /// <summary>Steps from <see cref="TeacherTemperatureStart"/> to <see cref="TeacherTemperature"/>.</summary>
    public int TeacherTemperatureWarmup { get; init; }

    /// <summary>Steps in which the prototypes of the head stand still: DINO's <c>freeze_last_layer</c>, there in epochs.</summary>
    public int FrozenLastLayerSteps { get; init; }

    /// <summary>How the teacher's targets are kept from collapsing; <see cref="CenterMomentum"/> is of <see cref="Centering.Mean"/>.</summary>
    public Centering Centering { get; init; }

    /// <summary>The largest factor exp(t) on cosines, to which t is cut after each update; null for none. CLIP has 100.</summary>
    public double? LogitScaleMax { get; init; }

    /// <summary>
    /// Factor on masked patch prediction; 0 switches it off. SigLIP 2 has a quarter of self-distillation's, iBOT the same, TIPS twice.
    /// </summary>
    public double MaskWeight { get; init; }

    /// <summary>Which patches are hidden, and whose predictions count.</summary>
    public MaskConfig Masks { get; init; } = new();

    /// <summary>Factor on Gram anchoring; 0 switches it off. DINOv3 has 2.</summary>
    public double GramWeight { get; init; }

    /// <summary>Which teacher Gram anchoring holds patches to.</summary>
    public GramConfig Gram { get; init; } = new();

    /// <summary>
    /// Factor on the loss of a decoder that says the captions; 0 switches it off. SigLIP 2 has 1. The decoder is trained here and is no part of the
    /// model.
    /// </summary>
    public double DecoderWeight { get; init; }

    /// <summary>Share of the steps in which the decoder says all tokens of a caption at once.</summary>
    public double DecoderParallel { get; init; } = 0.5;

    /// <summary>
    /// Factor on the image-text loss of second captions, see <see cref="ViewConfig.SecondCaption"/>; 0 switches it off. TIPS has a half, as on the
    /// first ones. The probe that pools their embeddings is trained here and is no part of the model.
    /// </summary>
    public double DualWeight { get; init; }

    /// <summary>
    /// Factor on the loss of located captions, see <see cref="ViewConfig.Located"/>, which the decoder of <see cref="DecoderWeight"/> says; 0
    /// switches it off. LocCa has that of the decoder.
    /// </summary>
    public double LocatedWeight { get; init; }

    /// <summary>
    /// Losses that do not run all along, by the steps in which they do; null, or a loss that is not in it, runs from the first step to the last.
    /// </summary>
    public IReadOnlyList<LossSpan>? Spans { get; init; }

    /// <summary>The steps in which a loss runs if its weight is above 0.</summary>
    public LossSpan SpanOf(LossTerm term) => Spans?.FirstOrDefault(span => span.Loss == term.Name) ?? new(term.Name);

    /// <summary>Whether a loss runs in a step, counted from 0.</summary>
    public bool Runs(LossTerm term, long step) => term.Weight(this) > 0 && SpanOf(term).Contains(step);

    /// <summary>A loss reads captions: an image without any is of no use to it.</summary>
    internal bool ReadsCaptions => ContrastiveWeight > 0 || DecoderWeight > 0 || DualWeight > 0;

    /// <summary>Teacher momentum in a step, counted from 0.</summary>
    public double TeacherMomentumAt(long step) => EmaMomentumEnd is { } end ? HalfCosine(TeacherMomentum, end, step) : TeacherMomentum;

    /// <summary>τ_t in a step, counted from 0.</summary>
    public double TeacherTemperatureAt(long step) => TeacherTemperatureStart is { } start && step < TeacherTemperatureWarmup
        ? start + (TeacherTemperature - start) * step / TeacherTemperatureWarmup : TeacherTemperature;

    /// <summary>Weight decay in a step, counted from 0, before the schedule multiplies it.</summary>
    public double WeightDecayAt(long step) => WeightDecayEnd is { } end ? HalfCosine(WeightDecay, end, step) : WeightDecay;

    /// <summary>Steps done when other losses run than in the step before, in order; 0 is the first.</summary>
    internal IEnumerable<int> Phases => LossTerm.Of(this).Select(SpanOf).SelectMany(span => new[] { 0, span.Start, span.End ?? 0 })
        .Where(step => step < TotalSteps).Distinct().Order();

    // DINO's cosine_scheduler.
    double HalfCosine(double start, double end, long step) =>
        end + 0.5 * (start - end) * (1 + Math.Cos(Math.PI * Math.Min(1, step / (double)TotalSteps)));

    /// <summary>The teacher's momentum for this batch size: "How to Scale Your EMA", Busbridge et al. 2023 (arXiv:2307.13813).</summary>
    public double TeacherMomentum => EmaMomentum ?? Math.Pow(0.966, BatchSize / 16384.0);

    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">The message names the value and its range.</exception>
    public TrainConfig Check()
    {
        Require.Positive(BatchSize, "batch size");
        Require.Positive(TotalSteps, "total steps");
        Require.That(Accumulate > 0 && BatchSize % Accumulate == 0, $"a batch of {BatchSize} cannot be cut into {Accumulate} equal slices");
        double[] weights = [.. LossTerm.All.Select(term => term.Weight(this))];
        Require.That(weights.All(weight => weight is >= 0 and < double.PositiveInfinity) && weights.Any(weight => weight > 0),
            $"loss weights are {string.Join(", ", LossTerm.All.Zip(weights).Select(loss => $"{loss.First.Name} {loss.Second}"))}: "
            + "none may be negative or infinite, and one must be positive");
        foreach (var span in Spans ?? []) span.Check(Spans!);
        foreach (var step in Phases)
            Require.That(LossTerm.All.Any(term => Runs(term, step)),
                $"no loss runs from step {step} on: let one start earlier (--LOSS-start) or end later (--LOSS-end)");
        if (Phases.FirstOrDefault(step => Runs(LossTerm.Located, step) && !Runs(LossTerm.Decoder, step), -1) is >= 0 and var alone)
            throw new ArgumentException($"located captions are said by the decoder, whose loss does not run from step {alone} on: set DecoderWeight "
                + "(--decoder), let both run in the same steps (--decoder-start, --decoder-end), or set LocatedWeight to 0 (--located 0)");
        Masks.Check();
        if (GramWeight > 0)
        {
            Gram.Check(SpanOf(LossTerm.Gram));
            var anchor = Gram.Anchor ?? SpanOf(LossTerm.Gram).Start;
            Require.That(new[] { LossTerm.Distillation, LossTerm.Mask }.Any(term => Runs(term, Math.Max(0, anchor - 1))),
                $"Gram anchoring copies the teacher after {anchor} steps (--anchor), and there is none then: let self-distillation "
                    + $"(--distillation) or "
                + "masked patch prediction (--mask) run until there, or set GramWeight to 0 (--gram 0)");
        }
        Require.Within(DecoderParallel, 0, 1, "share of steps in which the decoder says all at once (--decoder-parallel)");
        Require.NotNegative(LearningRate, "learning rate");
        Require.NotNegative(WeightDecay, "weight decay");
        Require.Within(Beta1, 0, 1, "beta1");
        Require.Within(Beta2, 0, 1, "beta2");
        Require.NotNegative(ClipNorm, "clip norm");
        Require.That(StudentTemperature is > 0 and < double.PositiveInfinity, $"student temperature is {StudentTemperature}, it must be positive");
        Require.That(TeacherTemperature is > 0 and < double.PositiveInfinity, $"teacher temperature is {TeacherTemperature}, it must be positive");
        Schedule.Check();
        Require.Within(CenterMomentum, 0, 1, "center momentum");
        Require.Within(TeacherMomentum, 0, 1, "teacher momentum");
        Require.That(Epsilon is > 0 and < double.PositiveInfinity, $"epsilon is {Epsilon}, it must be positive");
        if (WeightDecayEnd is { } decay) Require.NotNegative(decay, "weight decay at the end");
        if (EmaMomentumEnd is { } momentum) Require.Within(momentum, 0, 1, "teacher momentum at the end");
        Require.That(TeacherTemperatureStart is null or (> 0 and < double.PositiveInfinity),
            $"teacher temperature at the start is {TeacherTemperatureStart}, it must be positive");
        Require.NotNegative(TeacherTemperatureWarmup, "warm-up steps of the teacher temperature");
        Require.That(TeacherTemperatureStart is not null || TeacherTemperatureWarmup == 0,
            $"{TeacherTemperatureWarmup} warm-up steps of the teacher temperature need one to start with");
        Require.NotNegative(FrozenLastLayerSteps, "steps with a frozen last layer");
        Require.That(Enum.IsDefined(Centering), $"centering is {(int)Centering}, it must be Mean or Sinkhorn");
        Require.That(Centering != Centering.Sinkhorn || DistillationWeight == 0 || BatchSize / Accumulate > 1,
            $"a batch of {BatchSize} in {Accumulate} slices has one image in each, and Sinkhorn-Knopp balances several: set a larger BatchSize "
            + "(--batch), a smaller Accumulate (--accumulate) or Centering to Mean (--centering mean)");
        Require.That(!ClipByTensor || ClipNorm > 0, "clipping by tensor needs a clip norm above 0");
        Require.That(LogitScaleMax is null or (> 0 and < double.PositiveInfinity), $"the largest factor on cosines is {LogitScaleMax}, it must "
            + "be positive");
        foreach (var rule in RateRules) rule.Check();
        Require.Positive(MaxSkippedSteps, "skipped steps in a row");
        return this;
    }
}
