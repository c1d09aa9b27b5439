namespace Silc;

// Fused QKV: query, key and value as one product in each direction, where their bf16 copies are packed side by side. A third of the
// launches, wider products, and an input gradient that is accumulated in registers.
partial class CudaOps
{
    public override void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y)
    {
        // Biases are contiguous if their length is a multiple of the alignment of parameters.
        if (IsBf16(x) && AreContiguous(biases) && PackedKernel(kernels) is { Count: > 0 } kernel) MatMul(x, kernel, y, bias: Concatenated(biases));
        else base.GroupedMatMul(x, kernels, biases, y);
    }

    public override void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx)
    {
        if (IsBf16(dy) && PackedKernel(kernels) is { Count: > 0 } kernel) MatMul(dy, kernel, dx, Transpose.B);
        else base.GroupedInputGrad(dy, kernels, dx);
    }

    // The bf16 copy in which these kernels are packed side by side, or an empty tensor.
    Tensor PackedKernel(Tensor[] kernels)
    {
        var first = Bf16CopyOf(kernels[0]);
        return IsBf16(first) && first.Stride >= kernels.Length * first.Cols && AreContiguous(kernels)
            ? first with { Cols = kernels.Length * first.Cols }
            : default;
    }

    // True if the tensors are equally large and follow each other in memory.
    static bool AreContiguous(Tensor[] tensors)
    {
        long first = Address(tensors[0].View), bytes = sizeof(float) * (long)tensors[0].Count;
        for (int i = 1; i < tensors.Length; i++)
            if (tensors[i].Count != tensors[0].Count || Address(tensors[i].View) != first + i * bytes) return false;
        return true;
    }

    static Tensor Concatenated(Tensor[] rows) => new(rows[0].View, 1, rows.Length * rows[0].Count);
}
