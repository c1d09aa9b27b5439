using ILGPU;

namespace Silc;

partial class Ops<TPack>
{
    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        Batched(a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, new(0, 0, c.Stride, 1), m, n, k, 1, 1, bias, addend);
    }

    public override void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y)
    {
        for (int i = 0; i < kernels.Length; i++) MatMul(x, kernels[i], Part(y, i, kernels.Length), bias: biases[i]);
    }

    public override void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx)
    {
        for (int i = 0; i < kernels.Length; i++) MatMul(Part(dy, i, kernels.Length), kernels[i], dx, Transpose.B, addend: i > 0 ? dx : default);
    }

    public override void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases)
    {
        for (int i = 0; i < dKernels.Length; i++) LinearGrads(x, Part(dy, i, dKernels.Length), dKernels[i], dBiases[i]);
    }

    /// <summary>Column block i of several equally wide matrices side by side.</summary>
    protected static Tensor Part(Tensor all, int i, int parts) => all.Columns(i * (all.Cols / parts), all.Cols / parts);

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        MatMul(x, kernel, h, bias: bias);
        Gelu(h, y, kind);
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        MatMul(dy, kernel, dh, Transpose.B);
        GeluBackward(h, dh, y, kind);
    }

    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias)
    {
        MatMul(x, dy, dKernel, Transpose.A, addend: dKernel);
        SumRows(dy, dBias);
    }

    /// <summary>A batched GEMM, one product for each of batch · heads matrices; backends with their own GEMM and attention do not need it.</summary>
    protected virtual void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default) =>
        throw new NotSupportedException($"{GetType().Name} multiplies in its own way");

    /// <summary>Checks that op(a)·op(b) has the shape of c; returns M, N and K.</summary>
    protected static (int M, int N, int K) ProductSize(Tensor a, Tensor b, Tensor c, Transpose transpose)
    {
        var (m, k) = transpose == Transpose.A ? (a.Cols, a.Rows) : (a.Rows, a.Cols);
        var (inner, n) = transpose == Transpose.B ? (b.Cols, b.Rows) : (b.Rows, b.Cols);
        return k == inner && c.Rows == m && c.Cols == n
            ? (m, n, k)
            : throw new ArgumentException($"cannot multiply {m} x {k} by {inner} x {n} into {c.Rows} x {c.Cols}");
    }
}
