using ILGPU;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// One work item of a matrix product. The kernel's argument is the address of the description on the caller's stack: launches on the CPU
/// return when they are done, and CPU memory is this process's own.
/// </summary>
readonly struct CpuMatMul(long product, GemmPlan plan) : IKernel
{
    public void Execute() => Run(product, plan, Grid.IdxX);

    [IntrinsicImplementation]
    static unsafe void Run(long product, GemmPlan plan, int item) => CpuGemm.Compute(*(GemmArgs*)product, plan, item);
}

unsafe partial class CpuOps
{
    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        if (Device.DryRun) return;
        var product = GemmArgs.Product(m, n, k, Address(a), a.Stride, transpose == Transpose.A, Address(b), b.Stride, transpose == Transpose.B, Address(c), c.Stride);
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
        if (Device.DryRun) return;
        Run(GemmArgs.Product(m, n, k, Address(x), x.Stride, false, Address(kernel), kernel.Stride, false, Address(h), h.Stride)
            .PlusBias(Address(bias)).ThenGelu(Address(y), y.Stride));
    }

    void Run(GemmArgs product)
    {
        var plan = CpuGemm.Plan(product.M, product.N, product.K, Device.Workers);
        Device.Launch(plan.WorkItems, 1, new CpuMatMul((long)&product, plan));
    }

    static float* Address(Tensor x) => (float*)x.View.LoadEffectiveAddressAsPtr();
}
