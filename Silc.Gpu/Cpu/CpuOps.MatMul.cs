using ILGPU.Runtime;

namespace Silc;

/// <summary>A matrix product; an item is a part of C.</summary>
readonly struct CpuMatMul(GemmArgs product, GemmPlan plan) : ICpuWork
{
    public void Run(int item) => CpuGemm.Compute(product, plan, item);
}

/// <summary>Products of one size with one A, one after another in one launch: the workers meet once and not once a product.</summary>
readonly struct CpuGroupedMatMul(GemmArgs first, GemmArgs second, GemmArgs third, GemmPlan plan) : ICpuWork
{
    public void Run(int item)
    {
        var product = item / plan.WorkItems;
        CpuGemm.Compute(product == 0 ? first : product == 1 ? second : third, plan, item % plan.WorkItems);
    }
}

unsafe partial class CpuOps
{
    readonly PackedWeights? packed = device.Precision == Precision.Int8 ? null : new(device);

    public override void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y)
    {
        var part = Part(y, 0, kernels.Length);
        if (kernels.Length is < 2 or > 3 || kernels.Any(kernel => kernel.Stride != kernels[0].Stride))
        {
            base.GroupedMatMul(x, kernels, biases, y);
            return;
        }
        var (m, n, k) = ProductSize(x, kernels[0], part, Transpose.None);
        if (TryMultiply(x, kernels, biases, y)) return;
        GemmArgs Product(int i) => GemmArgs.Product(m, n, k, Address(x), x.Stride, false, Address(kernels[i]), kernels[i].Stride, false,
            Address(part) + i * part.Cols, part.Stride).PlusBias(Address(biases[i])).WithPanels(PanelsOf(kernels[i], m));
        var plan = CpuGemm.Plan(m, n, k, Device.Workers);
        var second = Product(1);
        Device.ForItems(kernels.Length * plan.WorkItems, new CpuGroupedMatMul(Product(0), second, kernels.Length > 2 ? Product(2) : second, plan));
    }

    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        if (transpose == Transpose.None && Int8Of(b) is { } rounded)
        {
            Multiply(a, rounded, bias, addend, c);
            return;
        }
        var product = GemmArgs.Product(m, n, k, Address(a), a.Stride, transpose == Transpose.A, Address(b), b.Stride,
            transpose == Transpose.B, Address(c), c.Stride);
        if (transpose == Transpose.None) product = product.WithPanels(PanelsOf(b, m));
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
        if (Int8Of(kernel) is { } rounded)
        {
            Multiply(x, rounded, bias, default, h, gelu: y);
            return;
        }
        Run(GemmArgs.Product(m, n, k, Address(x), x.Stride, false, Address(kernel), kernel.Stride, false, Address(h), h.Stride)
            .PlusBias(Address(bias)).ThenGelu(Address(y), y.Stride).WithPanels(PanelsOf(kernel, m)));
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
        if (weights is not null) throw new InvalidOperationException("on a device of Precision.Int8 models embed; nothing is trained there");
        var (m, n, k) = ProductSize(x, dy, dKernel, Transpose.A);
        Run(GemmArgs.Product(m, n, k, Address(x), x.Stride, true, Address(dy), dy.Stride, false, Address(dKernel), dKernel.Stride)
            .Accumulated().WithColumnSums(Address(dBias)));
    }

    float* PanelsOf(Tensor kernel, int rows) => packed is null ? null : packed.Of(kernel, rows);

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
