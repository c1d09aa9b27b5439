namespace Silc;

// The health of self-distillation, computed when metrics are read: nothing is added to a step.
public sealed partial class Trainer
{
    // Of the last step; the arena keeps them until the next one begins.
    Tensor lastTargets, lastImages;

    // The teacher's targets of a slice's predicted patches, their masks, and what makes the targets.
    Tensor patchTargets;
    MaskSlice patchMask;
    Action<Tensor>? seePatches;

    DistillationHealth? ReadHealth(LossValues losses)
    {
        if (!Runs(LossTerm.Distillation) || !lastTargets.View.IsValid || lastImages.Count == 0) return null;
        using var _ = arena.Frame();
        var (stats, mean) = HealthScratch(arena);
        var loss = losses.Of(LossTerm.Distillation) ?? 0;
        device.Ops.EntropyAndArgMax(lastTargets, stats);
        device.Ops.MeanRows(lastTargets, mean);
        return DistillationHealth.Of(loss, device.Download(stats.View), device.Download(mean.View),
            device.Download(Teacher!.Center.View),
            EmbedsCaptioned ? Images() : Unit(Images(), lastImages.Cols), lastImages.Cols);

        float[] Images() => device.Download(lastImages.View.SubView(0, lastImages.Count));
    }

    // Of the last slice: the weights of padding are 0.
    double? ReadPatchEntropy()
    {
        if (!Runs(LossTerm.Mask) || !patchTargets.View.IsValid) return null;
        using var _ = arena.Frame();
        var mean = PatchScratch(arena);
        device.Ops.MatMul(patchMask.Weights, patchTargets, mean, Transpose.A);
        var shares = device.Download(mean.View);
        double sum = shares.Sum(share => (double)share);
        return sum > 0 ? -shares.Where(share => share > 0).Sum(share => share / sum * Math.Log(share / sum)) : 0;
    }

    // The mean target of patches.
    Tensor PatchScratch(Arena memory) => memory.Scratch(1, patchTargets.Cols);

    static float[] Unit(float[] rows, int width)
    {
        for (int start = 0; start < rows.Length; start += width)
        {
            var row = rows.AsSpan(start, width);
            double squares = 0;
            foreach (var x in row) squares += (double)x * x;
            if (squares > 0)
                foreach (ref var x in row) x = (float)(x / Math.Sqrt(squares));
        }
        return rows;
    }

    // Rows of entropy, largest probability and its place; the mean target.
    (Tensor Stats, Tensor Mean) HealthScratch(Arena memory) => (memory.Scratch(lastTargets.Rows, 3), memory.Scratch(1, lastTargets.Cols));
}
