namespace Silc;

/// <summary>
/// Image-text loss on each global view separately, at unchanged batch size, sharing one text forward; the mean over views. Two
/// losses on (B, B) logits, never one on (2B, 2B): captions would appear twice and be each other's negatives. InfoNCE: Radford et
/// al. 2021, arXiv:2103.00020. Sigmoid: Zhai et al. 2023, arXiv:2303.15343. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class ContrastiveLoss(SilcModel model, double weight)
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
}
