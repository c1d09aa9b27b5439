namespace Silc.Tests;

[TestClass]
public sealed class MatMulOpTests
{
    static readonly (int M, int N, int K)[] Sizes =
        [(1, 1, 1), (7, 33, 1), (33, 7, 130), (1, 300, 33), (130, 1, 7), (130, 130, 33), (5, 9, 300), (67, 41, 96)];

    [TestMethod, EveryDevice]
    public void MatMul(string device) => OpTest.Run(device, t =>
    {
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (m, n, k) in Sizes)
                foreach (var gap in new[] { 0, 3 })
                {
                    var a = transpose == Transpose.A ? t.Random(k, m, gap: gap) : t.Random(m, k, gap: gap);
                    var b = transpose == Transpose.B ? t.Random(n, k, gap: 2 * gap) : t.Random(k, n, gap: 2 * gap);
                    DeviceMatrix bias = t.Random(1, n), c = t.Output(m, n, gap), biased = t.Output(m, n, gap);
                    DeviceMatrix sum = t.Random(m, n, gap: gap), addend = t.Random(m, n, gap: 5 * gap), residual = t.Output(m, n, gap);

                    t.Ops.MatMul(a, b, c, transpose);
                    t.Ops.MatMul(a, b, biased, transpose, bias);
                    t.Ops.MatMul(a, b, sum, transpose, addend: sum);
                    t.Ops.MatMul(a, b, residual, transpose, bias, addend);

                    var what = $"{m} x {k} by {k} x {n}, {transpose} transposed, gaps of {gap}";
                    var product = new Lazy<Matrix>(() => Naive.MatMul(a, b, transpose));
                    t.Check(c, Close.Float32, () => product.Value, what);
                    t.Check(biased, Close.Float32, () => Naive.PlusRow(product.Value, bias), $"{what}, with bias");
                    t.Check(sum, Close.Float32, () => sum.Before + product.Value, $"{what}, added in place");
                    t.Check(residual, Close.Float32, () => addend.Before + Naive.PlusRow(product.Value, bias),
                        $"{what}, with bias and another matrix");
                }
    });

    [TestMethod, EveryDevice]
    public void CosineSimilarity(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix x = t.Random(7, 33), y = t.Random(5, 33, gap: 3), c = t.Output(7, 5);
        t.Ops.CosineSimilarity(x, y, c);
        t.Check(c, Close.Float32, () => Naive.MatMul(x, y, Transpose.B));
    });

    [TestMethod, EveryDevice]
    public void MatMulGelu(string device) => OpTest.Run(device, t =>
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
            foreach (var (m, n, k) in Sizes)
            {
                DeviceMatrix x = t.Random(m, k), kernel = t.Random(k, n), bias = t.Random(1, n), h = t.Output(m, n), y = t.Output(m, n);
                t.Ops.MatMulGelu(x, kernel, bias, h, y, kind);
                var expected = new Lazy<Matrix>(() => Naive.PlusRow(Naive.MatMul(x, kernel), bias));
                t.Check(h, Close.Float32, () => expected.Value, "h");
                t.Check(y, Close.Float32, () => Naive.Gelu(expected.Value, kind), "gelu(h)");
            }
    });

    [TestMethod, EveryDevice]
    public void MatMulGeluBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var kind in Enum.GetValues<GeluKind>())
            foreach (var (m, n, k) in Sizes)
            {
                DeviceMatrix dy = t.Random(m, k), kernel = t.Random(n, k), h = t.Random(m, n, range: 4), dh = t.Output(m, n), y = t.Output(m, n);
                t.Ops.MatMulGeluBackward(dy, kernel, h, dh, y, kind);
                t.Check(y, Close.Float32, () => Naive.Gelu(h, kind), "gelu(h) again");
                t.Check(dh, Close.Float32, () =>
                {
                    const double Step = 1e-4;
                    Matrix product = Naive.MatMul(dy, kernel, Transpose.B), above = Naive.Gelu(h.Before.Map(x => x + Step), kind),
                        below = Naive.Gelu(h.Before.Map(x => x - Step), kind);
                    return Matrix.Make(m, n, (r, c) => product[r, c] * (above[r, c] - below[r, c]) / (2 * Step));
                }, "dh");
            }
    });

    [TestMethod, EveryDevice]
    public void LinearGrads(string device) => OpTest.Run(device, t =>
    {
        foreach (var (inputs, outputs, rows) in Sizes)
            foreach (var gap in new[] { 0, 3 })
            {
                DeviceMatrix x = t.Random(rows, inputs, gap: gap), dy = t.Random(rows, outputs, gap: 2 * gap);
                DeviceMatrix dKernel = t.Random(inputs, outputs), dBias = t.Random(1, outputs);
                t.Ops.LinearGrads(x, dy, dKernel, dBias);
                var what = $"{rows} rows of {inputs} and {outputs} columns, gaps of {gap}";
                t.Check(dKernel, Close.Float32, () => dKernel.Before + Naive.MatMul(x, dy, Transpose.A), $"{what}, kernel");
                t.Check(dBias, Close.Float32, () => dBias.Before
                    + Matrix.Make(1, outputs, (_, c) => Enumerable.Range(0, rows).Sum(r => dy.Before[r, c])), $"{what}, bias");
            }
    });

    [TestMethod, EveryDevice]
    public void GroupedMatMul(string device) => OpTest.Run(device, t =>
    {
        foreach (var (m, n, k) in Sizes)
        {
            DeviceMatrix x = t.Random(m, k), y = t.Output(m, 3 * n);
            DeviceMatrix[] kernels = [t.Random(k, n), t.Random(k, n), t.Random(k, n)], biases = [t.Random(1, n), t.Random(1, n), t.Random(1, n)];
            t.Ops.GroupedMatMul(x, [.. kernels.Select(w => w.Tensor)], [.. biases.Select(b => b.Tensor)], y);
            t.Check(y, Close.Float32, () =>
            {
                Matrix[] parts = [.. kernels.Select(w => Naive.MatMul(x, w))];
                return Matrix.Make(m, 3 * n, (r, c) => parts[c / n][r, c % n] + biases[c / n].Before[0, c % n]);
            });
        }
    });

    [TestMethod, EveryDevice]
    public void GroupedInputGrad(string device) => OpTest.Run(device, t =>
    {
        foreach (var (m, n, k) in Sizes)
        {
            DeviceMatrix dy = t.Random(m, 2 * k), dx = t.Output(m, n);
            DeviceMatrix[] kernels = [t.Random(n, k), t.Random(n, k)];
            t.Ops.GroupedInputGrad(dy, [.. kernels.Select(w => w.Tensor)], dx);
            t.Check(dx, Close.Float32, () => Naive.MatMul(Half(dy, 0), kernels[0], Transpose.B) + Naive.MatMul(Half(dy, 1), kernels[1], Transpose.B));
        }
    });

    [TestMethod, EveryDevice]
    public void GroupedLinearGrads(string device) => OpTest.Run(device, t =>
    {
        foreach (var (inputs, outputs, rows) in Sizes)
        {
            DeviceMatrix x = t.Random(rows, inputs), dy = t.Random(rows, 2 * outputs);
            DeviceMatrix[] dKernels = [t.Random(inputs, outputs), t.Random(inputs, outputs)], dBiases = [t.Random(1, outputs), t.Random(1, outputs)];
            t.Ops.GroupedLinearGrads(x, dy, [.. dKernels.Select(w => w.Tensor)], [.. dBiases.Select(b => b.Tensor)]);
            for (int i = 0; i < 2; i++)
            {
                var part = Half(dy, i);
                t.Check(dKernels[i], Close.Float32, () => dKernels[i].Before + Naive.MatMul(x, part, Transpose.A), $"kernel {i}");
                Func<Matrix> dBias = () => dBiases[i].Before + Matrix.Make(1, outputs, (_, c) => Enumerable.Range(0, rows).Sum(r => part[r, c]));
                t.Check(dBiases[i], Close.Float32, dBias, $"bias {i}");
            }
        }
    });

    static Matrix Half(Matrix x, int i) => Matrix.Make(x.Rows, x.Cols / 2, (r, c) => x[r, i * (x.Cols / 2) + c]);

    [TestMethod, EveryDevice]
    public void Sizes_that_do_not_fit_are_named(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix a = t.Random(7, 33), b = t.Random(32, 5), c = t.Random(7, 5);
        var error = Assert.ThrowsExactly<ArgumentException>(() => t.Ops.MatMul(a, b, c));
        Assert.AreEqual("cannot multiply 7 x 33 by 32 x 5 into 7 x 5", error.Message);
        t.Check(c, 0, () => c);
    });
}
