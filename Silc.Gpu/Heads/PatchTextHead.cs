namespace Silc;

/// <summary>
/// Patches against texts: u = L2(A + W·LN(Z) + b), logits exp(τ)·⟨u, t⟩ + β. W, b = 0 at the start, so that patches then lie where the
/// model's own zero-shot segmentation has them. It moves patches in the space of texts, which keeps it open to any class.
/// Threads: as for <see cref="SegmentationHead"/>.
/// </summary>
sealed class PatchTextHead : SegmentationHead
{
    const double InitialScale = 10;
    const float Epsilon = 1e-12f;

    readonly LayerNorm norm;
    readonly Linear adapter;
    readonly Parameter logScale, bias;
    readonly Dictionary<int, FrozenTower> bySide = [];

    public PatchTextHead(SilcModel model, HeadDescription description, HeadLoss loss) : base(model, description)
    {
        norm = new(Parameters, "seg/norm", description.Width);
        adapter = new(Parameters, "seg/adapter", description.Width, description.EmbedDim, Inits.Zeros);
        logScale = Parameters.Add("seg/log_scale", 1, 1, Inits.Constant(Math.Log(InitialScale)));
        // A class is at few places: with a sigmoid each, their logits begin below 0.
        bias = Parameters.Add("seg/bias", 1, 1, Inits.Constant(loss == HeadLoss.Binary ? -1 : 0));
    }

    internal override IReadOnlyList<TowerFeature> Reads { get; } = [TowerFeature.Tokens, TowerFeature.Aligned];

    internal override int Places => Grid * Grid;

    /// <summary>A patch has the label of most of its pixels.</summary>
    internal override int[] LabelsOf(LabelMap map) => PatchProbe.MostOf(map, Grid);

    int Grid => Description.Resolution / Model.Config.PatchSize;

    /// <summary>
    /// Patches in the space of texts (N, E), of length 1, and the pullback to the parameters and, where they are given, to the gradients of tokens
    /// and aligned patches.
    /// </summary>
    internal (Tensor Unit, ParameterPullback Back) Forward(Pass pass, Tensor tokens, Tensor aligned, Tensor[]? gradients = null)
    {
        var (n, backNorm) = norm.Forward(pass, tokens);
        var (moved, unit, norms) = (pass.Saved(tokens.Rows, aligned.Cols), pass.Saved(tokens.Rows, aligned.Cols), pass.Saved(tokens.Rows, 1));
        adapter.Run(pass, n, moved, addend: aligned);
        pass.Ops.L2Normalize(moved, unit, norms, Epsilon);
        return (unit, new(pass, dUnit =>
        {
            var (dMoved, dn) = (pass.Scratch(unit.Rows, unit.Cols), pass.Scratch(n.Rows, n.Cols));
            pass.Ops.L2NormalizeBackward(dUnit, unit, norms, dMoved, Epsilon);
            adapter.ParameterGrads(pass, n, dMoved);
            adapter.InputGrad(pass, dMoved, dn);
            if (gradients is null)
            {
                backNorm.Invoke(dn);
                return;
            }
            backNorm.Into(dn, gradients[0]);
            pass.Ops.Copy(dMoved, gradients[1]);
        }
        ));
    }

    internal override void RequireTraining(HeadTrainConfig train, int classes) => Require.That(
        train.Loss == HeadLoss.Binary || train.ClassesAStep == 0 || train.ClassesAStep >= classes,
        $"a softmax over {train.ClassesAStep} of {classes} classes a step has no place for the others: take all classes, or the binary loss");

    internal override void Step(Pass pass, HeadBatch batch, HeadTrainConfig train, Tensor loss)
    {
        var (ops, texts) = (pass.Ops, batch.Texts);
        using var _ = pass.Frame();
        var (unit, back) = Forward(pass, batch.Features[0], batch.Features[1], batch.Gradients);
        // Softmax wants a row a place, the binary loss a row a class.
        var rows = train.Loss == HeadLoss.Softmax;
        var (left, right) = rows ? (unit, texts) : (texts, unit);
        var (cosines, logits) = (pass.Saved(left.Rows, right.Rows), pass.Saved(left.Rows, right.Rows));
        ops.CosineSimilarity(left, right, cosines);
        ops.ScaleShift(cosines, logScale.Value, bias.Value, logits);
        var rowLoss = pass.Saved(logits.Rows, 1);
        float places = Math.Max(1, train.IgnoredAreNegative ? unit.Rows : batch.Counted);
        if (rows) ops.SoftmaxCrossEntropy(logits, batch.Labels, rowLoss, 1 / places);
        else ops.BinaryCrossEntropy(logits, batch.Labels, texts.Rows, rowLoss, 1 / (places * texts.Rows), train.IgnoredAreNegative);
        ops.AddSum(rowLoss, loss, 0);
        ops.ScaleShiftBackward(logits, cosines, logScale.Value, logScale.Grad, bias.Grad);
        if (batch.TextGradient.Count > 0) ops.MatMul(logits, unit, batch.TextGradient, rows ? Transpose.A : Transpose.None);
        var dUnit = pass.Scratch(unit.Rows, unit.Cols);
        ops.MatMul(logits, texts, dUnit, rows ? Transpose.None : Transpose.A);
        back.Invoke(dUnit);
    }

    /// <inheritdoc/>
    public override ZeroShotSegmenter Segmenter(ClassPrototypes classes, SegmentationWindows? windows = null, double? threshold = null)
    {
        RequireOwn(classes);
        double scale;
        using (Model.Exclusive()) scale = Math.Exp(Model.Device.Download(logScale.Value.View)[0]);
        // β is the same for all classes and decides nothing.
        return new(Embed, Model.Config.PatchSize, classes, windows ?? SegmentationWindows.Whole(Description.Resolution), threshold, scale,
            Model.Config.Images);
    }

    /// <summary>Patches of images (N, side, side, 3) in [-1, 1] in the space of texts, (N · T, E), of length 1.</summary>
    internal Vectors Embed(float[] pixels, int side)
    {
        using var exclusive = Model.Exclusive();
        if (!bySide.TryGetValue(side, out var tower))
            bySide[side] = tower = new(Model, side, Reads, (pass, features, _) => [Forward(pass, features[0], features[1]).Unit],
                image: Tuned?.Image);
        return tower.Run(pixels)[0];
    }

    protected override void Dispose(bool disposing)
    {
        using var exclusive = Model.Device.ExclusiveForRelease();
        foreach (var tower in bySide.Values) tower.Dispose();
        bySide.Clear();
        base.Dispose(disposing);
    }
}
