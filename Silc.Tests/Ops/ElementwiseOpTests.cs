namespace Silc.Tests;

[TestClass]
public sealed class ElementwiseOpTests
{
    [TestMethod, EveryDevice]
    public void Fill(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            var x = t.Output(rows, cols);
            t.Ops.Fill(x, 0.3f);
            t.Check(x, 0, () => Matrix.Make(rows, cols, (_, _) => 0.3f));
        }
    });

    [TestMethod, EveryDevice]
    public void Copy(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
            foreach (var (gapX, gapY) in new[] { (0, 0), (5, 0), (0, 7), (3, 9) })
            {
                DeviceMatrix x = t.Random(rows, cols, gap: gapX), y = t.Output(rows, cols, gapY);
                t.Ops.Copy(x, y);
                t.Check(y, 0, () => x);
            }
    });

    [TestMethod, EveryDevice]
    public void Copy_repeats_a_row_of_stride_zero(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix x = t.Random(1, 33), y = t.Output(7, 33);
        t.Ops.Copy(new(x.Tensor.View, 7, 33, 0), y);
        t.Check(y, 0, () => Matrix.Make(7, 33, (_, c) => x.Before[0, c]));
    });

    [TestMethod, EveryDevice]
    public void Add(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), y = t.Random(rows, cols);
            t.Ops.Add(x, y);
            t.Check(y, Close.Float32, () => x.Before + y.Before);
        }
    });

    [TestMethod, EveryDevice]
    public void EmaUpdate(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
            foreach (var (momentum, finite) in new[] { (0.9f, true), (0f, true), (1f, true), (0.9f, false) })
            {
                DeviceMatrix x = t.Random(rows, cols), target = t.Random(rows, cols);
                t.Ops.EmaUpdate(x, target, t.Fixed(new Matrix(1, 1).With([momentum])), t.State(finite));
                // Exact cases: momentum 0 copies, momentum 1 and found-inf change nothing.
                double kept = finite ? momentum : 1, tolerance = kept is 0 or 1 ? 0 : Close.Float32;
                t.Check(x, tolerance, () => Matrix.Make(rows, cols, (r, c) => kept * x.Before[r, c] + (1 - kept) * target.Before[r, c]));
            }
    });

    [TestMethod, EveryDevice]
    public void Tanh(string device) => OpTest.Run(device, t =>
    {
        foreach (var range in new[] { 0.01, 1.0, 60 })
        {
            var x = t.Random(7, 33, range);
            t.Ops.Tanh(x);
            t.Check(x, Close.Float32, () => x.Before.Map(Math.Tanh));
        }
    });

    [TestMethod, EveryDevice]
    public void TanhBackward(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix y = t.Random(7, 33), dy = t.Random(7, 33);
        t.Ops.TanhBackward(y, dy);
        t.Check(dy, Close.Float32, () => Matrix.Make(7, 33, (r, c) => dy.Before[r, c] * (1 - y.Before[r, c] * y.Before[r, c])));
    });

    [TestMethod, EveryDevice]
    public void ScaleChannels(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in new[] { (1, 3), (7, 33), (5, 3 * 130) })
        {
            DeviceMatrix x = t.Random(rows, cols), factors = t.Random(1, 3), shifts = t.Random(1, 3), y = t.Output(rows, cols);
            t.Ops.ScaleChannels(x, factors, shifts, y);
            t.Check(y, Close.Float32, () => Matrix.Make(rows, cols, (r, c) => x.Before[r, c] * factors.Before[0, c % 3] + shifts.Before[0, c % 3]));
        }
    });

    [TestMethod, EveryDevice]
    public void Gelu(string device) => OpTest.Run(device, t =>
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
            foreach (var (rows, cols) in OpTest.Sizes)
            {
                DeviceMatrix x = t.Random(rows, cols, range: 6), y = t.Output(rows, cols);
                t.Ops.Gelu(x, y, kind);
                t.Check(y, Close.Float32, () => Naive.Gelu(x, kind));
            }
    });

    [TestMethod, EveryDevice]
    public void Gelu_of_values_far_from_zero(string device) => OpTest.Run(device, t =>
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
        {
            DeviceMatrix x = t.Fixed(Matrix.Make(1, 4, (_, c) => c < 2 ? -1e3 * (c + 1) : 1e3 * c)), y = t.Output(1, 4);
            t.Ops.Gelu(x, y, kind);
            t.Check(y, Close.Float32, () => x.Before.Map(v => Math.Max(v, 0)));
        }
    });

    [TestMethod, EveryDevice]
    public void GeluBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
            foreach (var (rows, cols) in OpTest.GradientSizes)
            {
                DeviceMatrix x = t.Random(rows, cols, range: 6), dx = t.Random(rows, cols), y = t.Output(rows, cols);
                t.Ops.GeluBackward(x, dx, y, kind);
                t.Check(y, Close.Float32, () => Naive.Gelu(x, kind), "gelu again");
                t.Check(dx, Close.Float32, () => Numeric.Pullback(dx, x, at => Naive.Gelu(at, kind)), "dx");
            }
    });
}
