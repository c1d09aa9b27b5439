namespace Silc.Tests;

/// <summary>
/// bf16 GEMMs by wgmma against double-precision loops: as PTX in the emulator, and on a GPU of compute capability 9.0 where there is one.
/// </summary>
[TestClass]
public sealed class CudaWgmmaTests
{
    const DType Bf16 = DType.BFloat16;

    // Below, at and above the tiles of 128 x 128 x 64, and several of them, which one block takes in the emulator; fewer tiles along K than
    // stages, and more.
    static readonly (int M, int N, int K)[] Sizes = [(8, 8, 8), (136, 40, 72), (40, 136, 264), (264, 128, 192), (136, 392, 128), (264, 136, 520)];

    public static IEnumerable<object[]> Devices => from name in CudaTest.Devices(Precision.Bf16)
                                                   where name == CudaTest.Emulated || CudaTest.HasWgmma(name)
                                                   select new object[] { name };

    [TestMethod, DynamicData(nameof(Devices))]
    public void MatMul(string device)
    {
        using var t = new CudaTest(device, Precision.Bf16, wgmma: true);
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (m, n, k) in Sizes)
            {
                int gap = m == 40 ? 16 : 0;
                DeviceMatrix a = transpose == Transpose.A ? t.Random(k, m, gap: gap, dtype: Bf16) : t.Random(m, k, gap: gap, dtype: Bf16);
                DeviceMatrix b = transpose == Transpose.B ? t.Random(n, k, gap: gap, dtype: Bf16) : t.Random(k, n, gap: gap, dtype: Bf16);
                DeviceMatrix bias = t.Random(1, n), addend = t.Random(m, n);
                DeviceMatrix c = t.Output(m, n, gap, Bf16), sum = t.Output(m, n, gap);
                t.Ops.MatMul(a, b, c, transpose, bias);
                t.Ops.MatMul(a, b, sum, transpose, bias, addend);
                var what = $"{m} x {k} by {k} x {n}, {transpose} transposed";
                var product = Naive.PlusRow(Naive.MatMul(a, b, transpose), bias);
                Close.To(product.Values, c.Read(what), Close.BFloat16, what);
                Close.To((addend.Before + product).Values, sum.Read(what), t.Exact, $"{what}, into float32");
            }
        if (t.Emulator is { } emulator)
            foreach (var kernel in emulator.Launches.Keys) StringAssert.StartsWith(kernel, nameof(WgmmaGemm<,,,,>));
    }

    /// <summary>Every block of a GPU takes many tiles, whose operands come from device memory; beside mma.sync, which has the same sums.</summary>
    [TestMethod, DynamicData(nameof(Devices))]
    public void Many_tiles_a_block(string device)
    {
        using CudaTest t = new(device, Precision.Bf16, wgmma: true), mma = new(device, Precision.Bf16);
        var (m, n) = t.Emulator is null ? (8_200, 1032) : (136, 264);
        foreach (var k in new[] { 64, 320, 776 })
        {
            DeviceMatrix a = t.Random(m, k, dtype: Bf16), b = t.Random(k, n, dtype: Bf16), bias = t.Random(1, n), addend = t.Random(m, n);
            DeviceMatrix h = t.Random(m, n, range: 4, dtype: Bf16), transposed = t.Random(n, k, dtype: Bf16);
            float[][] Run(CudaTest on)
            {
                DeviceMatrix A = on.Own(a, dtype: Bf16), sum = on.Own(addend), dh = on.Output(m, n, dtype: Bf16), y = on.Output(m, n, dtype: Bf16);
                on.Ops.MatMul(A, on.Own(b, dtype: Bf16), sum, Transpose.None, on.Own(bias), sum);
                on.Ops.MatMulGeluBackward(A, on.Own(transposed, dtype: Bf16), on.Own(h, dtype: Bf16), dh, y, GeluKind.Tanh);
                return [sum.Read("sum"), dh.Read("dh"), y.Read("y")];
            }
            var (actual, expected) = (Run(t), Run(mma));
            for (int i = 0; i < actual.Length; i++)
                Close.To(Array.ConvertAll(expected[i], x => (double)x), actual[i], i == 0 ? Close.Chained : Close.BFloat16, $"K = {k}, {i}");
        }
    }

    [TestMethod, DynamicData(nameof(Devices))]
    public void MatMulGelu_and_its_gradient(string device)
    {
        using var t = new CudaTest(device, Precision.Bf16, wgmma: true);
        CudaBf16Tests.CheckGelu(t, 200, 264, 136);
    }

    [TestMethod, DynamicData(nameof(Devices))]
    public void Split_K(string device)
    {
        using var t = new CudaTest(device, Precision.Bf16, wgmma: true);
        DeviceMatrix a = t.Random(2056, 16, dtype: Bf16), b = t.Random(2056, 24, dtype: Bf16), sum = t.Random(16, 24), again = t.Own(sum);
        t.Ops.MatMul(a, b, sum, Transpose.A, addend: sum);
        t.Ops.MatMul(a, b, again, Transpose.A, addend: again);
        var actual = sum.Read("sum");
        Close.To((sum.Before + Naive.MatMul(a, b, Transpose.A)).Values, actual, t.Exact, "split");
        Close.Bits(actual, again.Read("again"), "again");
        if (t.Emulator is { } emulator) Assert.IsTrue(emulator.Launches.ContainsKey(nameof(SplitKReduce<>)), "no split-K");
    }

    // The epilogue's exchange of accumulators within a warp has no bank conflicts.
    [TestMethod]
    public void Shared_memory_has_no_bank_conflicts()
    {
        foreach (var transpose in Enum.GetValues<Transpose>())
        {
            using var t = new CudaTest(CudaTest.Emulated, Precision.Bf16, wgmma: true);
            DeviceMatrix a = t.Random(128, 128, dtype: Bf16), b = t.Random(128, 128, dtype: Bf16), c = t.Output(128, 128, dtype: Bf16);
            t.Ops.MatMul(a, b, c, transpose);
            var (_, wavefronts, ideal) = t.Emulator!.Counts;
            Assert.AreEqual(0, wavefronts - ideal, $"{transpose} transposed: {wavefronts} wavefronts, {ideal} without conflicts");
        }
    }
}
