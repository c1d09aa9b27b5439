namespace Silc.Tests;

[TestClass]
public sealed class NormOpTests
{
    const float Epsilon = 1e-6f;

    // A single channel has no direction, so its gradient is rounding alone.
    static readonly (int Rows, int Cols)[] GradientSizes = [(1, 3), .. OpTest.GradientSizes[1..]];

    [TestMethod, EveryDevice]
    public void LayerNormForward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            // Far from zero: a variance by E[x²] - E[x]² would show.
            var x = t.Fixed(t.Random(rows, cols).Before.Map(v => v + 30));
            DeviceMatrix scale = t.Random(1, cols), bias = t.Random(1, cols), y = t.Output(rows, cols);
            DeviceMatrix mean = t.Output(rows, 1), rstd = t.Output(rows, 1);
            t.Ops.LayerNormForward(x, scale, bias, y, mean, rstd, Epsilon);
            t.Check(y, Close.Chained, () => Naive.LayerNorm(x, scale, bias, Epsilon), "y");
            t.Check(mean, Close.Float32, () => Naive.Mean(x), "mean");
            t.Check(rstd, Close.Chained, () => Naive.Rstd(x, Epsilon), "rstd");
        }
    });

    [TestMethod, EveryDevice]
    public void LayerNormBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in GradientSizes)
            foreach (var accumulate in new[] { false, true })
            {
                DeviceMatrix x = t.Random(rows, cols), scale = t.Random(1, cols), bias = t.Random(1, cols), dy = t.Random(rows, cols);
                DeviceMatrix mean = t.Fixed(Naive.Mean(x)), rstd = t.Fixed(Naive.Rstd(x, Epsilon));
                DeviceMatrix dx = accumulate ? t.Random(rows, cols) : t.Output(rows, cols), dScale = t.Random(1, cols), dBias = t.Random(1, cols);
                t.Ops.LayerNormBackward(dy, x, scale, mean, rstd, dx, dScale, dBias, accumulate);
                var expected = new Lazy<Matrix>(() => Numeric.Pullback(dy, x, at => Naive.LayerNorm(at, scale, bias, Epsilon)));
                t.Check(dx, Close.Chained, () => accumulate ? dx.Before + expected.Value : expected.Value, "dx");
                t.Check(dScale, Close.Float32,
                    () => dScale.Before + Numeric.Pullback(dy, scale, at => Naive.LayerNorm(x, at, bias, Epsilon)), "dScale");
                t.Check(dBias, Close.Float32,
                    () => dBias.Before + Numeric.Pullback(dy, bias, at => Naive.LayerNorm(x, scale, at, Epsilon)), "dBias");
            }
    });

    [TestMethod, EveryDevice]
    public void L2Normalize(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), y = t.Output(rows, cols), norms = t.Output(rows, 1);
            t.Ops.L2Normalize(x, y, norms, 1e-3f);
            t.Check(y, Close.Float32, () => Naive.L2Normalize(x, 1e-3f), "y");
            t.Check(norms, Close.Float32, () => Naive.Norms(x), "norms");
        }
    });

    [TestMethod, EveryDevice]
    public void L2NormalizeBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var epsilon in new[] { 1e-8f, 0.1f })
            foreach (var (rows, cols) in GradientSizes)
            {
                DeviceMatrix x = t.Random(rows, cols), dy = t.Random(rows, cols), dx = t.Output(rows, cols);
                DeviceMatrix y = t.Fixed(Naive.L2Normalize(x, epsilon)), norms = t.Fixed(Naive.Norms(x));
                t.Ops.L2NormalizeBackward(dy, y, norms, dx, epsilon);
                t.Check(dx, Close.Float32, () => Numeric.Pullback(dy, x, at => Naive.L2Normalize(at, epsilon)));
            }
    });

    [TestMethod, EveryDevice]
    public void The_gradient_of_a_zero_vector_is_zero(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix zero = t.Fixed(new Matrix(2, 33)), norms = t.Fixed(new Matrix(2, 1)), dy = t.Random(2, 33), dx = t.Output(2, 33);
        t.Ops.L2NormalizeBackward(dy, zero, norms, dx, 1e-12f);
        t.Check(dx, 0, () => new Matrix(2, 33));
    });

    [TestMethod, EveryDevice]
    public void NormalizeColumns(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix v = t.Random(rows, cols), y = t.Output(rows, cols), norms = t.Output(1, cols);
            t.Ops.NormalizeColumns(v, y, norms);
            t.Check(y, Close.Float32, () => Naive.NormalizeColumns(v), "y");
            t.Check(norms, Close.Float32, () => Naive.ColumnNorms(v), "norms");
        }
    });

    [TestMethod, EveryDevice]
    public void ScaleColumns(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), gain = t.Random(1, cols), y = t.Output(rows, cols);
            t.Ops.ScaleColumns(x, gain, y);
            t.Check(y, Close.Float32, () => Matrix.Make(rows, cols, (r, c) => x.Before[r, c] * gain.Before[0, c]));
        }
    });

    [TestMethod, EveryDevice]
    public void ScaleColumnsBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in OpTest.Sizes)
        {
            DeviceMatrix x = t.Random(rows, cols), gain = t.Random(1, cols), dy = t.Random(rows, cols), dGain = t.Random(1, cols);
            t.Ops.ScaleColumnsBackward(dy, x, gain, dGain);
            t.Check(dy, Close.Float32, () => Matrix.Make(rows, cols, (r, c) => dy.Before[r, c] * gain.Before[0, c]), "dx");
            t.Check(dGain, Close.Chained, () => Matrix.Make(1, cols, (_, c) => dGain.Before[0, c] + Enumerable.Range(0, rows).Sum(r =>
                dy.Before[r, c] * x.Before[r, c])), "dGain");
        }
    });

    [TestMethod, EveryDevice]
    public void NormalizeColumnsBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols) in GradientSizes.Where(size => size.Rows > 1))
        {
            DeviceMatrix v = t.Random(rows, cols), dy = t.Random(rows, cols), dv = t.Random(rows, cols);
            DeviceMatrix y = t.Fixed(Naive.NormalizeColumns(v)), norms = t.Fixed(Naive.ColumnNorms(v));
            t.Ops.NormalizeColumnsBackward(dy, y, norms, dv);
            t.Check(dv, Close.Chained, () => dv.Before + Numeric.Pullback(dy, v, Naive.NormalizeColumns));
        }
    });
}
