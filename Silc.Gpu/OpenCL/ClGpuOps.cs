using ILGPU;

namespace Silc;

/// <summary>
/// The operations of an OpenCL GPU: generic kernels with one float a thread, and tiled GEMMs with bias, addend and GELU fused into the epilogue.
/// </summary>
sealed class ClGpuOps(Device device) : ClGemmOps<Pack1>(device)
{
    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias)
    {
        const int MinKPerSplit = 512, MaxPartialFloats = 1 << 24;
        var (m, n, k) = ProductSize(x, dy, dKernel, Transpose.A);
        // Split-K: few tiles with a large K leave most of a GPU idle. The partial results are added in a fixed order.
        int splits = Math.Clamp(k / MinKPerSplit, 1, Math.Max(1, Math.Min(Device.MaxBlocks / TileCount(m, n), MaxPartialFloats / (m * n))));
        if (splits == 1 || !dKernel.IsDense) MatMul(x, dy, dKernel, Transpose.A, addend: dKernel);
        else
        {
            var partials = Device.Workspace((long)splits * m * n);
            int kPerSplit = (k + splits - 1) / splits;
            Run(x.View, new(0, 0, 1, x.Stride), dy.View, new(0, 0, dy.Stride, 1), partials, new(0, 0, n, 1),
                m, n, k, 1, 1, ClEpilogue.None(partials), splits, kPerSplit);
            Device.ForElements(m * n, new AddColumns<Pack1>(partials, dKernel.View, splits, m * n, m * n, 0));
        }
        SumRows(dy, dBias);
    }

    protected override void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default) =>
        Run(a, la, b, lb, c, lc, m, n, k, batch, heads, ClEpilogue.None(c), 1, k);

    protected override void Gemm(Tensor a, Tensor b, Tensor c, Transpose transpose, ClEpilogue epilogue)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        Run(a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, new(0, 0, c.Stride, 1), m, n, k, 1, 1, epilogue, 1, k);
    }

    void Run(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, ClEpilogue epilogue, int splits, int kPerSplit) =>
        Device.Launch(TileCount(m, n) * splits * batch * heads, ClGpuGemm.Threads,
            new ClGpuGemm(a, la, b, lb, c, lc, epilogue, m, n, k, heads, splits, kPerSplit, m * n));

    static int TileCount(int m, int n) =>
        (m + ClGpuGemm.Side - 1) / ClGpuGemm.Side * ((n + ClGpuGemm.Side - 1) / ClGpuGemm.Side);
}
