namespace Silc;

/// <summary>
/// Local-to-global self-distillation: the student's view v must predict the teacher's distribution for global view q, L = mean over (q,
/// v) and the batch of - Σ_k p_q[k] · log softmax(F_s(v) / τ_s)[k]. Caron et al. 2021, arXiv:2104.14294; SILC keeps the local views
/// only, and <c>globalToGlobal</c> adds DINO's pairs q ≠ v of global views. The mean is over the slices of all ranks.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class DistillationLoss(SilcConfig config, TrainConfig train, int ranks)
{
    readonly int terms = config.Views.Global * config.Views.Local + (train.GlobalToGlobal ? config.Views.Global * (config.Views.Global - 1) : 0);

    /// <summary>
    /// Adds the loss of these student logits (V·B, K) to its term of <paramref name="losses"/> and replaces the logits by their gradient,
    /// which it returns. <paramref name="globalViews"/>: the rows are the global views, and none is paired with its own target.
    /// </summary>
    internal Tensor Run(Pass pass, Tensor logits, Tensor targets, LossBuffer losses, bool globalViews)
    {
        using var _ = pass.Frame();
        var rowLoss = pass.Scratch(logits.Rows, 1);
        pass.Ops.DinoCrossEntropy(logits, targets, rowLoss, targets.Rows / config.Views.Global, (float)train.StudentTemperature, globalViews, terms,
            (float)(train.DistillationWeight / ((double)train.Accumulate * ranks)));
        losses.Add(pass.Ops, LossTerm.Distillation, rowLoss, train.DistillationWeight);
        return logits;
    }
}
