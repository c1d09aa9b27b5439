namespace Silc;

// Products with weights in 8 bits, on a device of Precision.Int8.
unsafe partial class CpuOps
{
    readonly Int8Weights? weights = device.Precision == Precision.Int8 ? new(device) : null;

    internal override WeightCopies? Weights => weights is not null ? weights : packed;

    Int8Kernel? Int8Of(Tensor kernel) => weights?.Of(kernel);

    void Multiply(Tensor x, Int8Kernel kernel, Tensor bias, Tensor addend, Tensor c, Tensor gelu = default) => Run(new Int8Product
    {
        M = x.Rows,
        A = Address(x),
        Lda = x.Stride,
        Count = 1,
        Kernel0 = kernel,
        Bias0 = Address(bias),
        Addend = Address(addend),
        AddendStride = addend.Stride,
        C = Address(c),
        Ldc = c.Stride,
        Gelu = Address(gelu),
        LdGelu = gelu.Stride,
    });

    // False if one of the kernels, two or three, is not in 8 bits or they differ in size.
    bool TryMultiply(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor c)
    {
        if (weights is null || kernels.Any(kernel => (kernel.Rows, kernel.Cols) != (kernels[0].Rows, kernels[0].Cols))) return false;
        var rounded = new Int8Kernel[3];
        for (int i = 0; i < kernels.Length; i++)
        {
            if (Int8Of(kernels[i]) is not { } kernel) return false;
            rounded[i] = kernel;
        }
        Run(new Int8Product
        {
            M = x.Rows,
            A = Address(x),
            Lda = x.Stride,
            Count = kernels.Length,
            Kernel0 = rounded[0],
            Kernel1 = rounded[1],
            Kernel2 = rounded[2],
            Bias0 = Address(biases[0]),
            Bias1 = Address(biases[Math.Min(1, biases.Length - 1)]),
            Bias2 = Address(biases[^1]),
            C = Address(c),
            Ldc = c.Stride,
        });
        return true;
    }

    void Run(Int8Product product)
    {
        var plan = CpuGemm.Divide(product.M, product.Kernel0.Columns, Device.Workers, Int8Tile.Rows, Int8Tile.Columns);
        Device.ForItems(plan.WorkItems, new CpuInt8MatMul(product, plan));
    }
}
