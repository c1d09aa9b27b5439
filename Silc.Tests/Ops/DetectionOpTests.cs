namespace Silc.Tests;

/// <summary>Operations of detection.</summary>
[TestClass]
public sealed class DetectionOpTests
{
    const float Alpha = 0.3f;

    static Matrix Weighted(DeviceMatrix weights, Matrix losses, int column) =>
        Matrix.Make(losses.Rows, 1, (r, _) => weights.Before[r, 0] * losses[r, column]);

    [TestMethod, EveryDevice]
    public void ShiftScaleRows(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), shift = t.Random(rows, 1), scale = t.Random(rows, 1, 2), y = t.Output(rows, cols);
            t.Ops.ShiftScaleRows(x, shift, scale, y);
            t.Check(y, Close.Float32, () => Naive.ShiftScaleRows(x, shift, scale));
        }
    });

    [TestMethod, EveryDevice]
    public void ShiftScaleRowsBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.GradientSizes)
        {
            DeviceMatrix x = t.Random(rows, cols), shift = t.Random(rows, 1), scale = t.Random(rows, 1, 2), dy = t.Random(rows, cols);
            DeviceMatrix dShift = t.Output(rows, 1), dScale = t.Output(rows, 1);
            t.Ops.ShiftScaleRowsBackward(dy, x, shift, scale, dShift, dScale);
            t.Check(dShift, Close.Chained, () => Numeric.Pullback(dy, shift, at => Naive.ShiftScaleRows(x, at, scale)), "dShift");
            t.Check(dScale, Close.Chained, () => Numeric.Pullback(dy, scale, at => Naive.ShiftScaleRows(x, shift, at)), "dScale");
            t.Check(dy, Close.Chained, () => Numeric.Pullback(dy, x, at => Naive.ShiftScaleRows(at, shift, scale)), "dx");
        }
    });

    [TestMethod, EveryDevice]
    public void FocalLoss(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.GradientSizes)
        {
            DeviceMatrix logits = t.Random(rows, cols, 8), weights = t.Random(rows, 1), rowLoss = t.Output(rows, 1);
            int[] targets = [.. t.RandomIntegers(rows * cols, 3).Select(target => target - 1)];
            t.Ops.FocalLoss(logits, t.Integers(targets), weights, rowLoss, Alpha);
            Matrix Loss(Matrix at) => Weighted(weights, Naive.FocalLoss(at, targets, Alpha), 0);
            t.Check(rowLoss, Close.Chained, () => Loss(logits), "loss");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });

    /// <summary>Of large logits the loss is their size, or nothing, and neither overflows.</summary>
    [TestMethod, EveryDevice]
    public void Large_logits_have_finite_losses(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix logits = t.Fixed(new Matrix(4, 1).With([200, -200, 200, -200])), weights = t.Fixed(new Matrix(4, 1).Map(_ => 1));
        var (rowLoss, soft, losses) = (t.Output(4, 1), t.Fixed(logits), t.Output(4, 1));
        t.Ops.FocalLoss(logits, t.Integers([1, 1, 0, 0]), weights, rowLoss, Alpha);
        t.Check(rowLoss, Close.Float32, () => new Matrix(4, 1).With([0, Alpha * 200, (1 - Alpha) * 200, 0]), "focal loss");
        t.Check(logits, Close.Float32, () => new Matrix(4, 1).With([0, -Alpha, 1 - Alpha, 0]), "its slope");
        t.Ops.SigmoidCrossEntropy(soft, t.Fixed(new Matrix(4, 1).With([1, 1, 0, 0])), losses, 1);
        t.Check(losses, Close.Float32, () => new Matrix(4, 1).With([0, 200, 200, 0]), "cross-entropy");
    });

    [TestMethod, EveryDevice]
    public void BoxLoss(string device) => OpTest.Run(device, t =>
    {
        foreach (var rows in new[] { 1, 7, 33, 130 })
        {
            DeviceMatrix logits = t.Random(rows, 4, 2), distance = t.Output(rows, 1), overlap = t.Output(rows, 1);
            // Small and large targets: apart, crossing, one inside of the other.
            var random = t.Random(rows, 4);
            DeviceMatrix targets = t.Fixed(Matrix.Make(rows, 4, (r, c) => c < 2 ? 0.5 + 0.4 * random.Before[r, c]
                : 0.3 + 0.28 * random.Before[r, c]));
            DeviceMatrix weights = t.Fixed(t.Random(rows, 1).Before.Map(weight => weight < -0.5 ? 0 : weight));
            t.Ops.BoxLoss(logits, targets, weights, distance, overlap);
            Matrix Loss(Matrix at, int column) => Weighted(weights, Naive.BoxLoss(at, targets), column);
            t.Check(distance, Close.Chained, () => Loss(logits, 0), "distance");
            t.Check(overlap, Close.Chained, () => Loss(logits, 1), "overlap");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, Sum), "dLogits");

            double Sum(Matrix at)
            {
                var losses = Naive.BoxLoss(at, targets);
                return Weighted(weights, losses, 0).Values.Sum() + Weighted(weights, losses, 1).Values.Sum();
            }
        }
    });

    [TestMethod, EveryDevice]
    public void Rows_of_weight_0_have_no_gradient(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix logits = t.Random(5, 4, 100), targets = t.Fixed(new Matrix(5, 4)), weights = t.Fixed(new Matrix(5, 1));
        var (distance, overlap) = (t.Output(5, 1), t.Output(5, 1));
        t.Ops.BoxLoss(logits, targets, weights, distance, overlap);
        t.Check(logits, 0, () => new Matrix(5, 4), "dLogits");
        t.Check(distance, 0, () => new Matrix(5, 1), "distance");
        t.Check(overlap, 0, () => new Matrix(5, 1), "overlap");
    });

    [TestMethod, EveryDevice]
    public void SigmoidCrossEntropy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.GradientSizes)
        {
            DeviceMatrix logits = t.Random(rows, cols, 8), losses = t.Output(rows, cols);
            DeviceMatrix targets = t.Fixed(t.Random(rows, cols).Before.Map(value => (value + 1) / 2));
            t.Ops.SigmoidCrossEntropy(logits, targets, losses, 0.7f);
            Matrix Loss(Matrix at) => Matrix.Make(rows, cols, (r, c) =>
                0.7f * (Math.Log(1 + Math.Exp(at[r, c])) - at[r, c] * targets.Before[r, c]));
            t.Check(losses, Close.Chained, () => Loss(logits), "loss");
            t.Check(logits, Close.Chained, () => Numeric.Gradient(logits, at => Loss(at).Values.Sum()), "dLogits");
        }
    });
}
