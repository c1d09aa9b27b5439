namespace Silc;

/// <summary>
/// Spreads the images of a batch over the sphere: L = -mean over views and the batch of log(|x_i - x_n + ε| + ε), x the student's pooled
/// features of a global view, before the head, divided by their length (which is zImage), n the nearest other image in the same view by cosine,
/// chosen without a gradient, ε = 1e-8. Sablayrolles et al. 2019, arXiv:1806.03198, as in DINOv2 (Oquab et al. 2023, arXiv:2304.07193), where x
/// is the class token. DINOv2 adds its two views up where this is their mean: its weight 0.1 is 0.2 here. Equal images count as -log(ε·(√C +
/// 1)), with a huge gradient that clipping brings down. In an accumulated step the nearest is looked for within the slice, and of several ranks
/// within that of each: the loss is then another, farther from 0 the smaller the slice. Threads: one at a time.
/// </summary>
sealed class KoLeoLoss : ImageLoss
{
    readonly TrainConfig train;
    readonly int parts;

    /// <exception cref="ArgumentException">There is no global view that the student sees, or no other image in a slice.</exception>
    public KoLeoLoss(SilcConfig config, TrainConfig train, int ranks) : base(LossTerm.KoLeo)
    {
        (this.train, parts) = (train, train.Accumulate * ranks);
        if (config.Views.Plain)
            throw new ArgumentException("with plain views the student sees no global ones, whose features KoLeo spreads: "
                + "set ViewConfig.Plain to false (--views silc or dino) or KoLeoWeight to 0 (--koleo 0)");
        if (train.BatchSize / parts < 2)
            throw new ArgumentException($"a batch of {train.BatchSize} in {parts} slices has one image in each, and KoLeo needs "
                + "the nearest other one: set a larger BatchSize (--batch), a smaller Accumulate (--accumulate) or KoLeoWeight to 0 (--koleo 0)");
    }

    public override void Run(Pass pass, Tensor zImage, Tensor dzImage, LossBuffer losses)
    {
        var ops = pass.Ops;
        int size = train.BatchSize / parts, views = zImage.Rows / size;
        using var _ = pass.Frame();
        var (cosines, rowLoss) = (pass.Scratch(size, size), pass.Scratch(size, 1));
        for (int view = 0; view < views; view++)
        {
            var z = zImage.Slice(view * size, size);
            ops.CosineSimilarity(z, z, cosines);
            ops.KoLeo(z, cosines, dzImage.Slice(view * size, size), rowLoss, (float)(train.KoLeoWeight / (views * parts)));
            losses.Add(ops, Term, rowLoss, train.KoLeoWeight);
        }
    }
}
