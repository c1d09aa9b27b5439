using System.Diagnostics;

namespace Silc.Samples.Training;

/// <summary>
/// Sizes and training of the demo: the most that two CPU cores learn while a newcomer waits for three minutes, building included. A stem of
/// two layers, fixed positions and a text tower of summed words learn more at these sizes, and QK norm less. Global crops are nearly the whole
/// image: those of 0.6 of it cut objects off and stretch them. What each choice brings is in docs/results.md, by silc ablate --vary.
/// </summary>
static class DemoRecipe
{
    const int BatchSize = 128, MostSteps = 1600, TrialSteps = 12, TrialWarmup = 6;
    const double BudgetSeconds = 124;

    /// <summary>
    /// Enough for 70 % of shapes (five seeds: 72 to 80 %): a machine that needs longer for these than three minutes is given longer.
    /// </summary>
    public const int FewestSteps = 500;

    /// <summary>What the checkpoints of its runs are marked with.</summary>
    public const string Note = "silc demo";

    public const string TokenizerName = "words";

    /// <summary>Ends a run on a machine that does not reach the fewest steps in twice the time.</summary>
    public static TimeSpan TimeLimit { get; } = TimeSpan.FromSeconds(2 * BudgetSeconds);

    /// <summary>Whole words: the demo's captions have fifty of them, and spelling would take longer to learn than the images.</summary>
    public static Tokenizer Tokenizer { get; } = Tokenizers.Open(TokenizerName);

    public static SilcConfig Model { get; } = new(
        new TowerConfig(64, 4, 4, 256), new TowerConfig(64, 0, 2, 256), ImageSize: 48, TextLength: 12,
        VocabSize: Tokenizer.VocabSize,
        Head: new(128, 32, 256), Views: new(1, 2, 16, GlobalScaleMin: 0.9, LocalScaleMin: 0.1, AspectMin: 1 / 1.05, AspectMax: 1.05))
    {
        StemPatch = 4,
        Positions = PositionKind.SinCos,
        TextPooling = TextPooling.Mean,
    };

    // The teacher must follow within a few hundred steps, so its momentum is far below the paper's.
    public static TrainConfig Training(int steps) => new(
        BatchSize, steps, LearningRate: 2e-3, Beta2: 0.99, DistillationWeight: 0.3, EmaMomentum: 0.99, KoLeoWeight: 0.1,
        Schedule: new(ScheduleKind.Cosine, WarmupSteps: Math.Min(50, steps / 10 + 1)));

    /// <summary>
    /// As many steps as the machine does in time, but no fewer than the images need to be told apart; a short trial measures that, and compiles the
    /// kernels.
    /// </summary>
    public static int StepsInTime(Device device, IImageTextSource source)
    {
        using var model = SilcModel.Create(device, Model, tokenizer: Tokenizer);
        using var run = new TrainRun(model, source, Training(TrialSteps));
        var clock = Stopwatch.StartNew();
        var warm = TimeSpan.Zero;
        run.Run(report => warm = report.Metrics.Step == TrialWarmup ? clock.Elapsed : warm, TrialWarmup);
        var secondsPerStep = (clock.Elapsed - warm).TotalSeconds / (TrialSteps - TrialWarmup);
        return Math.Clamp((int)((BudgetSeconds - warm.TotalSeconds) / secondsPerStep), FewestSteps, MostSteps);
    }

    /// <summary>The steps that the whole run has, where <paramref name="done"/> of them took <paramref name="elapsed"/>.</summary>
    public static int StepsInTime(int done, TimeSpan elapsed, TimeSpan perStep) => Math.Clamp(
        done + (int)Math.Max(0, (BudgetSeconds - elapsed.TotalSeconds) / perStep.TotalSeconds), Math.Max(done, FewestSteps), MostSteps);
}
