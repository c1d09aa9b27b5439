namespace Silc;

// What self-distillation is doing, computed when metrics are read: nothing is added to a step.
public sealed partial class Trainer
{
    // Of the last step; the arena keeps them until the next one begins.
    Tensor lastTargets, lastImages;

    DistillationHealth? ReadHealth(double loss)
    {
        if (Teacher is null || !lastTargets.View.IsValid || lastImages.Count == 0) return null;
        using var scratch = new Parameters(device);
        var stats = scratch.Constant(new float[3 * lastTargets.Rows], lastTargets.Rows, 3);
        var mean = scratch.Constant(new float[lastTargets.Cols], 1, lastTargets.Cols);
        device.Ops.TargetStats(lastTargets, stats);
        device.Ops.MeanRows(lastTargets, mean);
        return DistillationHealth.Of(loss, device.Download(stats.View), device.Download(mean.View),
            device.Download(Teacher.Center.View),
            device.Download(lastImages.View.SubView(0, lastImages.Count)), lastImages.Cols);
    }
}
