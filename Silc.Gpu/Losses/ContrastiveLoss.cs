namespace Silc;

/// <summary>
/// Image-text loss on each global view separately, at unchanged batch size, sharing one text forward; the mean over views. Two
/// losses on (B, B) logits, never one on (2B, 2B): captions would appear twice and be each other's negatives. InfoNCE: Radford et
/// al. 2021, arXiv:2103.00020. Sigmoid: Zhai et al. 2023, arXiv:2303.15343. The batch is that of all ranks together.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class ContrastiveLoss(SilcModel model, double weight, ICollective collective, LossTerm? term = null)
{
    readonly LossTerm term = term ?? LossTerm.Contrastive;

    /// <summary>Logits that lie in memory at once, 256 MiB; more go over the columns in chunks, for a third more products.</summary>
    internal long MostLogits { get; init; } = 1L << 26;

    /// <summary>
    /// Adds the loss to its term of <paramref name="losses"/> and returns its gradients with respect to zImage (G·B, C) and zText (B, C).
    /// </summary>
    internal (Tensor DzImage, Tensor DzText) Run(Pass pass, Tensor zImage, Tensor zText, LossBuffer losses)
    {
        var ops = pass.Ops;
        int batch = zText.Rows, views = zImage.Rows / batch;
        var (dzImage, dzText) = (pass.Scratch(zImage.Rows, zImage.Cols), pass.Scratch(batch, zText.Cols));
        using var _ = pass.Frame();
        if (!collective.IsAlone || (long)batch * batch > MostLogits) return RunRows(pass, zImage, zText, losses, dzImage, dzText);
        var (cosines, rowLoss) = (pass.Scratch(batch, batch), pass.Scratch(batch, 1));
        for (int view = 0; view < views; view++)
        {
            var (z, dz) = (zImage.Slice(view * batch, batch), dzImage.Slice(view * batch, batch));
            ops.CosineSimilarity(z, zText, cosines);
            if (model.LogitBias is { } b) ops.SigLip(cosines, model.LogitScale.Value, b.Value, model.LogitScale.Grad, b.Grad, rowLoss,
                (float)(weight / views));
            else ops.InfoNce(cosines, model.LogitScale.Value, model.LogitScale.Grad, rowLoss, (float)(weight / views));
            losses.Add(ops, term, rowLoss, weight);
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
        var (captions, dCaptions) = collective.IsAlone ? (zText, dzText) : (pass.Scratch(whole, zText.Cols), pass.Scratch(whole, zText.Cols));
        int width = (int)Math.Clamp(MostLogits / batch, 1, whole);
        var (cosines, rowLoss) = (pass.Scratch(batch, width), pass.Scratch(batch, 1));
        var (columns, share) = model.LogitBias is null ? (pass.Scratch(1, whole), pass.Scratch(1, whole)) : default;
        var each = (float)(weight / views);
        if (!collective.IsAlone) collective.AllGather(zText, captions);
        if (width < whole)
        {
            for (int view = 0; view < views; view++)
                RunChunks(pass, zImage.Slice(view * batch, batch), captions, losses, dzImage.Slice(view * batch, batch), dCaptions, cosines, rowLoss,
                    columns, share, each, first, addend: view > 0);
            if (!collective.IsAlone) collective.ReduceScatter(dCaptions, dzText);
            return (dzImage, dzText);
        }
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
            losses.Add(ops, term, rowLoss, weight);
            ops.MatMul(cosines, captions, dz);
            ops.MatMul(cosines, z, dCaptions, Transpose.A, addend: view > 0 ? dCaptions : default);
        }
        collective.ReduceScatter(dCaptions, dzText);
        return (dzImage, dzText);
    }

    // One view, whose logits do not fit at once: InfoNCE needs the sums of all rows and columns before the first gradient, so that its logits are
    // computed twice; the sigmoid loss does not. What chunks give to a row is added, and what they give to a caption is complete.
    void RunChunks(Pass pass, Tensor z, Tensor captions, LossBuffer losses, Tensor dz, Tensor dCaptions, Tensor space, Tensor rowLoss,
        Tensor columns, Tensor share, float each, int first, bool addend)
    {
        var ops = pass.Ops;
        int width = space.Cols, whole = captions.Rows, chunks = (whole + width - 1) / width;
        using var _ = pass.Frame();
        var rows = pass.Scratch(1, z.Rows);
        if (model.LogitBias is null)
        {
            // The row of each chunk, and of these the log-sum-exp of columns, at temperature exp(0).
            var (ofChunks, one) = (pass.Scratch(chunks, z.Rows), pass.Scratch(1, 1));
            ops.Fill(one, 0);
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                var (at, cosines) = Cosines(chunk);
                ops.RowLogSumExp(cosines, model.LogitScale.Value, ofChunks.Slice(chunk, 1));
                ops.ColumnLogSumExp(cosines, model.LogitScale.Value, columns.Columns(at, cosines.Cols));
            }
            ops.ColumnLogSumExp(ofChunks, one, rows);
            if (!collective.IsAlone) AddRanks(pass, columns, share);
        }
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            var (at, cosines) = Cosines(chunk);
            if (model.LogitBias is { } b)
                ops.SigLip(cosines, model.LogitScale.Value, b.Value, model.LogitScale.Grad, b.Grad, rowLoss, each, first - at, whole);
            else
                ops.InfoNceChunk(cosines, model.LogitScale.Value, rows, columns.Columns(at, cosines.Cols), model.LogitScale.Grad, rowLoss, first - at,
                    whole, each);
            losses.Add(ops, term, rowLoss, weight);
            var (own, dOwn) = (captions.Slice(at, cosines.Cols), dCaptions.Slice(at, cosines.Cols));
            ops.MatMul(cosines, own, dz, addend: chunk > 0 ? dz : default);
            ops.MatMul(cosines, z, dOwn, Transpose.A, addend: addend ? dOwn : default);
        }

        (int At, Tensor Cosines) Cosines(int chunk)
        {
            int at = chunk * width, count = Math.Min(width, whole - at);
            var cosines = new Tensor(space.View, z.Rows, count);
            ops.CosineSimilarity(z, captions.Slice(at, count), cosines);
            return (at, cosines);
        }
    }

    // columns = log Σ over all ranks of exp(that of this rank): M + log Σ exp(c - M), M the largest.
    void AddColumns(Pass pass, Tensor cosines, Tensor columns, Tensor share)
    {
        pass.Ops.ColumnLogSumExp(cosines, model.LogitScale.Value, columns);
        AddRanks(pass, columns, share);
    }

    void AddRanks(Pass pass, Tensor columns, Tensor share)
    {
        var ops = pass.Ops;
        ops.Copy(columns, share);
        collective.AllReduce(columns, Reduction.Max);
        ops.ExpDifference(share, columns, share);
        collective.AllReduce(share);
        ops.AddLog(share, columns);
    }
}
