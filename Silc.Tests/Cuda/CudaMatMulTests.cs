namespace Silc.Tests;

/// <summary>CUDA's GEMMs against double-precision loops: as PTX in the emulator, and on a GPU where there is one.</summary>
[TestClass]
public sealed class CudaMatMulTests
{
    // Below, at and above the tiles; loads of the last are vectorized.
    static readonly (int M, int N, int K)[] Sizes = [(1, 1, 1), (7, 33, 1), (33, 7, 130), (130, 130, 33), (4, 132, 36)];

    [TestMethod, EveryCuda(Precision.Float32, Precision.Tf32, Precision.Bf16)]
    public void MatMul(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (m, n, k) in Sizes)
                foreach (var gap in m > 100 ? new[] { 3 } : [0, 3])
                {
                    var a = transpose == Transpose.A ? t.Random(k, m, gap: gap) : t.Random(m, k, gap: gap);
                    var b = transpose == Transpose.B ? t.Random(n, k, gap: 2 * gap) : t.Random(k, n, gap: 2 * gap);
                    DeviceMatrix bias = t.Random(1, n), c = t.Output(m, n, gap), sum = t.Random(m, n, gap: gap);
                    t.Ops.MatMul(a, b, c, transpose, bias);
                    t.Ops.MatMul(a, b, sum, transpose, addend: sum);
                    var what = $"{precision}: {m} x {k} by {k} x {n}, {transpose} transposed, gaps of {gap}";
                    var product = Naive.MatMul(a, b, transpose);
                    Close.To(Naive.PlusRow(product, bias).Values, c.Read(what), t.Exact, $"{what}, with bias");
                    Close.To((sum.Before + product).Values, sum.Read(what), t.Exact, $"{what}, added in place");
                }
    }

    // Few tiles and a large K: split-K, which gives the same bits every run.
    [TestMethod, EveryCuda(Precision.Float32, Precision.Tf32, Precision.Bf16)]
    public void Split_K(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        foreach (var (m, n) in new[] { (8, 12), (7, 33) })
        {
            DeviceMatrix a = t.Random(1030, m), b = t.Random(1030, n), sum = t.Random(m, n), bias = t.Random(1, n), again = t.Own(sum);
            t.Ops.MatMul(a, b, sum, Transpose.A, bias, sum);
            t.Ops.MatMul(a, b, again, Transpose.A, bias, again);
            var actual = sum.Read("sum");
            Close.To((sum.Before + Naive.PlusRow(Naive.MatMul(a, b, Transpose.A), bias)).Values, actual, t.Exact,
                $"{precision}: {m} x 1030 by 1030 x {n}");
            Close.Bits(actual, again.Read("again"), "again");
            if (t.Emulator is { } emulator) Assert.IsTrue(emulator.Launches.ContainsKey(nameof(SplitKReduce<>)), "no split-K");
        }
    }

    [TestMethod, EveryCuda(Precision.Float32, Precision.Tf32, Precision.Bf16)]
    public void MatMulGelu_and_its_gradient(string device, Precision precision)
    {
        using var t = new CudaTest(device, precision);
        // Sizes whose accesses are scalar, or vectorized.
        foreach (var (m, n, k) in new[] { precision == Precision.Tf32 ? (7, 33, 5) : (36, 68, 40) })
        {
            DeviceMatrix x = t.Random(m, k), kernel = t.Random(k, n), bias = t.Random(1, n), h = t.Output(m, n), y = t.Output(m, n);
            t.Ops.MatMulGelu(x, kernel, bias, h, y, GeluKind.Tanh);
            var expected = Naive.PlusRow(Naive.MatMul(x, kernel), bias);
            Close.To(expected.Values, h.Read("h"), t.Exact, $"{precision}: h");
            Close.To(Naive.Gelu(expected, GeluKind.Tanh).Values, y.Read("y"), Close.Chained, $"{precision}: gelu(h)");

            DeviceMatrix dy = t.Random(m, k), transposed = t.Random(n, k), before = t.Random(m, n, range: 4),
                dh = t.Output(m, n), again = t.Output(m, n);
            t.Ops.MatMulGeluBackward(dy, transposed, before, dh, again, GeluKind.Tanh);
            const double Step = 1e-4;
            Matrix product = Naive.MatMul(dy, transposed, Transpose.B), above = Naive.Gelu(before.Before.Map(v => v + Step), GeluKind.Tanh),
                below = Naive.Gelu(before.Before.Map(v => v - Step), GeluKind.Tanh);
            Close.To(Naive.Gelu(before, GeluKind.Tanh).Values, again.Read("y again"), Close.Chained, $"{precision}: gelu(h) again");
            Close.To(Matrix.Make(m, n, (r, c) => product[r, c] * (above[r, c] - below[r, c]) / (2 * Step)).Values, dh.Read("dh"),
                Close.Chained, $"{precision}: dh");
        }
    }

    // Operands are rounded, accumulators are not.
    [TestMethod]
    public void Rounding_is_that_of_the_operands()
    {
        using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16);
        var random = new Random(3);
        DeviceMatrix a = t.Own(Matrix.Make(5, 300, (_, _) => (float)random.NextDouble())),
            b = t.Own(Matrix.Make(300, 9, (_, _) => (float)random.NextDouble())), c = t.Output(5, 9);
        t.Ops.MatMul(a, b, c);
        static Matrix Round(Matrix x) => x.Map(v => BitConverter.UInt32BitsToSingle((uint)TensorCore.RoundBf16((float)v) << 16));
        Close.To(Naive.MatMul(Round(a), Round(b)).Values, c.Read("c"), Close.Float32, "product of rounded operands");
    }

    [TestMethod]
    public void Cosines_stay_in_float32()
    {
        using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16);
        var random = new Random(3);
        DeviceMatrix x = t.Own(Matrix.Make(5, 37, (_, _) => (float)random.NextDouble())),
            y = t.Own(Matrix.Make(6, 37, (_, _) => (float)random.NextDouble())), c = t.Output(5, 6);
        t.Ops.CosineSimilarity(x, y, c);
        Close.To(Naive.MatMul(x, y, Transpose.B).Values, c.Read("c"), Close.Float32, "cosines");
    }

    // Operands are stored to and loaded from shared memory without bank conflicts.
    [TestMethod, EveryCuda(Precision.Tf32, Precision.Bf16)]
    public void Shared_memory_has_no_bank_conflicts(string device, Precision precision)
    {
        if (device != CudaTest.Emulated) return;
        foreach (var transpose in Enum.GetValues<Transpose>())
        {
            using var t = new CudaTest(device, precision);
            DeviceMatrix a = t.Random(128, 128), b = t.Random(128, 128), c = t.Output(128, 128);
            t.Ops.MatMul(a, b, c, transpose);
            var (instructions, wavefronts, ideal) = t.Emulator!.Counts;
            Assert.AreEqual(0, wavefronts - ideal,
                $"{transpose} transposed: {wavefronts} wavefronts, {ideal} without conflicts, in {instructions} instructions");
        }
    }
}
