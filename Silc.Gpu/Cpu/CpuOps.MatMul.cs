using ILGPU.Runtime;

namespace Silc;

/// <summary>A matrix product; an item is a part of C.</summary>
readonly struct CpuMatMul(GemmArgs product, GemmPlan plan) : ICpuWork
{
    public void Run(int item) => CpuGemm.Compute(product, plan, item);
}

unsafe partial class CpuOps
{
    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        var product = GemmArgs.Product(m, n, k, Address(a), a.Stride, transpose == Transpose.A, Address(b), b.Stride,
            transpose == Transpose.B, Address(c), c.Stride);
        if (bias.Cols > 0) product = product.PlusBias(Address(bias));
        if (addend.Cols > 0) product = product.PlusMatrix(Address(addend), addend.Stride);
        Run(product);
    }

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        if (kind != GeluKind.Tanh)
        {
            base.MatMulGelu(x, kernel, bias, h, y, kind);
            return;
        }
        var (m, n, k) = ProductSize(x, kernel, h, Transpose.None);
        Run(GemmArgs.Product(m, n, k, Address(x), x.Stride, false, Address(kernel), kernel.Stride, false, Address(h), h.Stride)
            .PlusBias(Address(bias)).ThenGelu(Address(y), y.Stride));
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        if (kind != GeluKind.Tanh)
        {
            base.MatMulGeluBackward(dy, kernel, h, dh, y, kind);
            return;
        }
        var (m, n, k) = ProductSize(dy, kernel, dh, Transpose.B);
        Run(GemmArgs.Product(m, n, k, Address(dy), dy.Stride, false, Address(kernel), kernel.Stride, true, Address(dh), dh.Stride)
            .ThenGeluBackward(Address(h), h.Stride, Address(y), y.Stride));
    }

    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias)
    {
        var (m, n, k) = ProductSize(x, dy, dKernel, Transpose.A);
        Run(GemmArgs.Product(m, n, k, Address(x), x.Stride, true, Address(dy), dy.Stride, false, Address(dKernel), dKernel.Stride)
            .Accumulated().WithColumnSums(Address(dBias)));
    }

    void Run(GemmArgs product)
    {
        var plan = CpuGemm.Plan(product.M, product.N, product.K, Device.Workers);
        Device.ForItems(plan.WorkItems, new CpuMatMul(product, plan));
    }

    static float* DenseAddress(Tensor x)
    {
        Dense(x);
        return Address(x);
    }

    // Null in a dry run, whose tensors have no memory.
    static float* Address(Tensor x) => x.View.IsValid ? (float*)x.View.LoadEffectiveAddressAsPtr() : null;
}
