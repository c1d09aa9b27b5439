namespace Silc;

/// <summary>
/// Metrics of training since they were read last: means over the steps that were not skipped.
/// Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// StepMetrics metrics = trainer.ReadMetrics();
/// double? contrast = metrics.Losses.Of(LossTerm.Contrastive);             // null where the run has no such loss
/// Console.WriteLine($"step {metrics.Step}, loss {metrics.Loss:F3}, {contrast:F3} of it image-text contrast");
/// </code>
/// </example>
/// <param name="Step">Steps done so far, skipped ones included.</param>
/// <param name="Loss">Weighted sum of all losses.</param>
/// <param name="Losses">Each loss of the run without its weight, in the order of <see cref="LossTerm.All"/>; those of weight 0 are left out.</param>
/// <param name="GradNorm">Global L2 norm before clipping.</param>
/// <param name="LearningRate">Of the last step.</param>
/// <param name="LogitScale">exp(t), the factor on cosines.</param>
/// <param name="LogitBias">b of the sigmoid loss; 0 for InfoNCE.</param>
/// <param name="Skipped">Steps skipped over the whole run because a loss or gradient was not finite.</param>
/// <param name="SkippedInRow">How many of them end the run so far.</param>
/// <param name="Health">Health of self-distillation in the last step; null without it, or if that step was skipped.</param>
public sealed record StepMetrics(long Step, double Loss, LossValues Losses, double GradNorm,
    double LearningRate, double LogitScale, double LogitBias, long Skipped, int SkippedInRow, DistillationHealth? Health = null)
{
    /// <summary>Share of the global views' patches that were hidden in the last step; null without masked patch prediction.</summary>
    public double? HiddenShare { get; init; }

    /// <summary>
    /// Entropy of the mean target of the predicted patches in the last step, in nats: ln K if all prototypes are used alike, 0 if one alone is; null
    /// without masked patch prediction, or if that step was skipped.
    /// </summary>
    public double? PatchEntropy { get; init; }

    /// <summary>Image-text loss, without its weight; 0 if the run has none.</summary>
    public double Contrastive => Losses.Of(LossTerm.Contrastive) ?? 0;

    /// <summary>Self-distillation loss, without its weight; 0 if the run has none.</summary>
    public double Distillation => Losses.Of(LossTerm.Distillation) ?? 0;
}

/// <summary>Training cannot go on: too many steps in a row had a loss or gradient that is not finite.</summary>
public sealed class TrainingDivergedException(string message, Exception? inner = null) : Exception(message, inner);
