using ILGPU;

namespace Silc;

/// <summary>
/// The operations of an OpenCL GPU: a float a thread, and products of tiles in local memory with GELU, bias and addend in the
/// same launch.
/// </summary>
sealed class ClGpuOps(Device device) : ClGemmOps<Pack1>(device)
{
    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias)
    {
        const int Terms = 512, MostFloats = 1 << 24;
        var (m, n, k) = ProductSize(x, dy, dKernel, Transpose.A);
        // Few tiles of long sums leave most of a GPU idle. Parts are added up in order.
        int splits = Math.Clamp(k / Terms, 1, Math.Max(1, Math.Min(Device.Groups / Tiles(m, n), MostFloats / (m * n))));
        if (splits == 1 || !dKernel.IsDense) MatMul(x, dy, dKernel, Transpose.A, addend: dKernel);
        else
        {
            var parts = Device.Workspace((long)splits * m * n);
            int depth = (k + splits - 1) / splits;
            Run(x.View, new(0, 0, 1, x.Stride), dy.View, new(0, 0, dy.Stride, 1), parts, new(0, 0, n, 1),
                m, n, k, 1, 1, ClEpilogue.None(parts), splits, depth);
            Device.ForElements(m * n, new AddColumns<Pack1>(parts, dKernel.View, splits, m * n, m * n, 0));
        }
        SumRows(dy, dBias);
    }

    protected override void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default) =>
        Run(a, la, b, lb, c, lc, m, n, k, batch, heads, ClEpilogue.None(c), 1, k);

    protected override void Product(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue tail)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        Run(a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, new(0, 0, c.Stride, 1), m, n, k, 1, 1, tail, 1, k);
    }

    void Run(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, ClEpilogue tail, int splits, int splitDepth) =>
        Device.Launch(Tiles(m, n) * splits * batch * heads, ClGpuGemm.Threads,
            new ClGpuGemm(a, la, b, lb, c, lc, tail, m, n, k, heads, splits, splitDepth, m * n));

    static int Tiles(int m, int n) =>
        (m + ClGpuGemm.Side - 1) / ClGpuGemm.Side * ((n + ClGpuGemm.Side - 1) / ClGpuGemm.Side);
}
