namespace Silc;

/// <summary>
/// Image-text loss on each global view separately, at unchanged batch size, sharing one text forward; the mean over views. Two
/// losses on (B, B) logits, never one on (2B, 2B): captions would appear twice and be each other's negatives. InfoNCE: Radford et
/// al. 2021, arXiv:2103.00020. Sigmoid: Zhai et al. 2023, arXiv:2303.15343. The batch is that of all ranks together.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class ContrastiveLoss(SilcModel model, double weight, ICollective collective)
{
    /// <summary>
    /// Adds the loss to its term of <paramref name="losses"/> and returns its gradients with respect to zImage (G·B, C) and zText (B, C).
    /// </summary>
    internal (Tensor DzImage, Tensor DzText) Run(Pass pass, Tensor zImage, Tensor zText, LossBuffer losses)
    {
        var ops = pass.Ops;
        int batch = zText.Rows, views = zImage.Rows / batch;
        var (dzImage, dzText) = (pass.Scratch(zImage.Rows, zImage.Cols), pass.Scratch(batch, zText.Cols));
        using var _ = pass.Frame();
        if (!collective.IsAlone) return RunRows(pass, zImage, zText, losses, dzImage, dzText);
        var (cosines, rowLoss) = (pass.Scratch(batch, batch), pass.Scratch(batch, 1));
        for (int view = 0; view < views; view++)
        {
            var (z, dz) = (zImage.Slice(view * batch, batch), dzImage.Slice(view * batch, batch));
            ops.CosineSimilarity(z, zText, cosines);
            if (model.LogitBias is { } b) ops.SigLip(cosines, model.LogitScale.Value, b.Value, model.LogitScale.Grad, b.Grad, rowLoss,
                (float)(weight / views));
            else ops.InfoNce(cosines, model.LogitScale.Value, model.LogitScale.Grad, rowLoss, (float)(weight / views));
            losses.Add(ops, LossTerm.Contrastive, rowLoss, weight);
            ops.MatMul(cosines, zText, dz);
            ops.MatMul(cosines, z, dzText, Transpose.A, addend: view > 0 ? dzText : default);
        }
        return (dzImage, dzText);
    }

    // This rank's images against the captions of all: b rows of the (B, B) logits. Captions are gathered once for all views, and their gradients
    // summed and scattered once. Of columns ranks exchange the log of their sum alone, as maximum and sum of shares.
    (Tensor DzImage, Tensor DzText) RunRows(Pass pass, Tensor zImage, Tensor zText, LossBuffer losses, Tensor dzImage, Tensor dzText)
    {
        var ops = pass.Ops;
        int batch = zText.Rows, views = zImage.Rows / batch, whole = Tensor.RowsOf(batch, collective.Size), first = collective.Rank * batch;
        var (captions, dCaptions) = (pass.Scratch(whole, zText.Cols), pass.Scratch(whole, zText.Cols));
        var (cosines, rowLoss) = (pass.Scratch(batch, whole), pass.Scratch(batch, 1));
        var (columns, share) = model.LogitBias is null ? (pass.Scratch(1, whole), pass.Scratch(1, whole)) : default;
        var each = (float)(weight / views);
        collective.AllGather(zText, captions);
        for (int view = 0; view < views; view++)
        {
            var (z, dz) = (zImage.Slice(view * batch, batch), dzImage.Slice(view * batch, batch));
            ops.CosineSimilarity(z, captions, cosines);
            if (model.LogitBias is { } b)
                ops.SigLip(cosines, model.LogitScale.Value, b.Value, model.LogitScale.Grad, b.Grad, rowLoss, each, first);
            else
            {
                AddColumns(pass, cosines, columns, share);
                ops.InfoNceRows(cosines, model.LogitScale.Value, columns, model.LogitScale.Grad, rowLoss, first, each);
            }
            losses.Add(ops, LossTerm.Contrastive, rowLoss, weight);
            ops.MatMul(cosines, captions, dz);
            ops.MatMul(cosines, z, dCaptions, Transpose.A, addend: view > 0 ? dCaptions : default);
        }
        collective.ReduceScatter(dCaptions, dzText);
        return (dzImage, dzText);
    }

    // columns = log Σ over all ranks of exp(that of this rank): M + log Σ exp(c - M), M the largest.
    void AddColumns(Pass pass, Tensor cosines, Tensor columns, Tensor share)
    {
        var ops = pass.Ops;
        ops.ColumnLogSumExp(cosines, model.LogitScale.Value, columns);
        ops.Copy(columns, share);
        collective.AllReduce(columns, Reduction.Max);
        ops.ExpDifference(share, columns, share);
        collective.AllReduce(share);
        ops.AddLog(share, columns);
    }
}
