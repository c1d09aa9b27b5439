namespace Silc.Tests;

/// <summary>CUDA's matrix products as PTX in the emulator, against double-precision loops.</summary>
[TestClass]
public sealed class CudaMatMulTests
{
    static readonly (int M, int N, int K)[] Sizes = [(1, 1, 1), (7, 33, 1), (33, 7, 130), (130, 130, 33), (4, 132, 36)];

    [TestMethod]
    [DataRow(Precision.Float32), DataRow(Precision.Tf32), DataRow(Precision.Bf16)]
    public void Products(Precision precision)
    {
        using var t = new EmulatedCuda(precision);
        foreach (var transpose in Enum.GetValues<Transpose>())
            foreach (var (m, n, k) in Sizes)
                foreach (var gap in new[] { 0, 3 })
                {
                    var a = transpose == Transpose.A ? t.Random(k, m, gap: gap) : t.Random(m, k, gap: gap);
                    var b = transpose == Transpose.B ? t.Random(n, k, gap: 2 * gap) : t.Random(k, n, gap: 2 * gap);
                    DeviceMatrix bias = t.Random(1, n), c = t.Output(m, n, gap), sum = t.Random(m, n, gap: gap);
                    t.Ops.MatMul(a, b, c, transpose, bias);
                    t.Ops.MatMul(a, b, sum, transpose, addend: sum);
                    var what = $"{m} x {k} by {k} x {n}, {transpose} turned, gaps of {gap}";
                    var product = Naive.MatMul(a, b, transpose);
                    Close.To(Naive.PlusRow(product, bias).Values, c.Read(what), Close.Float32, what);
                    Close.To((sum.Before + product).Values, sum.Read(what), Close.Float32, what);
                }
    }
}
