namespace Silc.Tests;

/// <summary>
/// The CPU's matrix product against double-precision loops, with every micro-kernel (widths the processor lacks are emulated by .NET).
/// </summary>
[TestClass]
public unsafe class CpuGemmTests
{
    static readonly int[] Sizes = [1, 7, 33, 130];

    static readonly (int M, int N, int K)[] Shapes =
    [
        .. from m in Sizes from n in Sizes from k in Sizes select (m, n, k),
        (4, 4, 4), (6, 16, 384), (3, 1050, 8), (200, 40, 1000), (16, 2100, 70), (5, 5, 0),
    ];

    [TestMethod] public void Width128() => Check<Tile8x8>();

    [TestMethod] public void Width256() => Check<Tile6x16>();

    [TestMethod] public void Width512() => Check<Tile12x32>();

    [TestMethod] public void Width512OneVector() => Check<Tile12x16>();

    static void Check<TTile>() where TTile : struct, IMicroKernel
    {
        foreach (var (m, n, k) in Shapes)
            foreach (var (transA, transB) in new[] { (false, false), (false, true), (true, false), (true, true) })
            {
                CheckProduct<TTile>(m, n, k, transA, transB, gap: 0, new GemmPlan(1, 1));
                CheckProduct<TTile>(m, n, k, transA, transB, gap: 5, new GemmPlan(2, 3));
            }
    }

    static void CheckProduct<TTile>(int m, int n, int k, bool transA, bool transB, int gap, GemmPlan plan) where TTile : struct, IMicroKernel
    {
        var random = new Random(m * 1000 + n * 100 + k);
        using var a = transA ? new NativeMatrix(k, m, gap, random) : new NativeMatrix(m, k, gap, random);
        using var b = transB ? new NativeMatrix(n, k, gap, random) : new NativeMatrix(k, n, gap, random);
        using var bias = new NativeMatrix(1, n, gap, random);
        using var product = new NativeMatrix(m, n, gap);
        using var biased = new NativeMatrix(m, n, gap);
        using var gelu = new NativeMatrix(m, n, gap);
        using var sum = new NativeMatrix(m, n, gap, random);
        using var before = new NativeMatrix(m, n, gap, new Random(1));
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) before[i, j] = sum[i, j];

        var args = GemmArgs.Product(m, n, k, a.Data, a.Stride, transA, b.Data, b.Stride, transB, product.Data, product.Stride);
        Run<TTile>(args, plan);
        Run<TTile>((args with { C = biased.Data }).PlusBias(bias.Data).ThenGelu(gelu.Data, gelu.Stride), plan);
        Run<TTile>((args with { C = sum.Data }).Scaled(0.5f).Accumulated(), plan);

        foreach (var written in new[] { product, biased, gelu, sum }) written.CheckWrittenInsideOnly();
        // Rounding: k products below 1 in size, each partial sum off by half a unit in the last place.
        var tolerance = 1e-6 * (1 + Math.Sqrt(k));
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
            {
                double exact = 0;
                for (int p = 0; p < k; p++) exact += (double)(transA ? a[p, i] : a[i, p]) * (transB ? b[j, p] : b[p, j]);
                var h = exact + bias[0, j];
                var where = $"[{i}, {j}] of {m} x {n} x {k}, transA {transA}, transB {transB}";
                Assert.AreEqual(exact, product[i, j], tolerance, where);
                Assert.AreEqual(h, biased[i, j], tolerance, where);
                Assert.AreEqual(Gelu(h), gelu[i, j], 2 * tolerance, where);
                Assert.AreEqual(before[i, j] + 0.5 * exact, sum[i, j], tolerance, where);
            }
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(1, true)]
    [DataRow(9, false)]
    [DataRow(131, false)]
    public void SameBitsForAnyDivision(int m, bool transB)
    {
        var random = new Random(2);
        using var a = new NativeMatrix(m, 900, 3, random);
        using var b = transB ? new NativeMatrix(77, 900, 3, random) : new NativeMatrix(900, 77, 3, random);
        using var whole = new NativeMatrix(m, 77, 0);
        using var parts = new NativeMatrix(m, 77, 0);
        var args = GemmArgs.Product(m, 77, 900, a.Data, a.Stride, false, b.Data, b.Stride, transB, whole.Data, whole.Stride);
        Run<Tile6x16>(args, new GemmPlan(1, 1));
        foreach (var plan in new GemmPlan[] { new(1, 4), new(5, 1), new(3, 3), new(22, 5), CpuGemm.Plan(m, 77, 900, 16) })
        {
            Run<Tile6x16>(args with { C = parts.Data }, plan);
            for (int i = 0; i < m; i++)
                for (int j = 0; j < 77; j++) Assert.AreEqual(whole[i, j], parts[i, j], $"{plan} at [{i}, {j}]");
        }
    }

    [TestMethod]
    public void PlanGivesEveryWorkerWork()
    {
        Assert.AreEqual(2, CpuGemm.Plan(8192, 128, 128, 2).WorkItems);
        Assert.AreEqual(2, CpuGemm.Plan(1, 768, 768, 2).ColumnCuts);
        Assert.AreEqual(16, CpuGemm.Plan(1024, 1024, 1024, 16).WorkItems);
        Assert.AreEqual(1, CpuGemm.Plan(4, 4, 4, 2).WorkItems);
        Assert.AreEqual(1, CpuGemm.Plan(0, 4, 4, 2).WorkItems);
    }

    static void Run<TTile>(GemmArgs args, GemmPlan plan) where TTile : struct, IMicroKernel
    {
        for (int item = 0; item < plan.WorkItems; item++) CpuGemm.Compute<TTile>(args, plan, item);
    }

    static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}
