namespace Silc;

// Query, key and value as one product each way, where their bf16 copies lie side by side: a third of the launches, wider products, and an
// input gradient that is added up in registers.
partial class CudaOps
{
    public override void GroupedMatMul(Tensor x, Tensor[] kernels, Tensor[] biases, Tensor y)
    {
        // Biases lie one after another if their length is a multiple of what parameters are aligned to.
        if (IsBf16(x) && AreJoined(biases) && Packed(kernels) is { Count: > 0 } kernel) MatMul(x, kernel, y, bias: Joined(biases));
        else base.GroupedMatMul(x, kernels, biases, y);
    }

    public override void GroupedInputGrad(Tensor dy, Tensor[] kernels, Tensor dx)
    {
        if (IsBf16(dy) && Packed(kernels) is { Count: > 0 } kernel) MatMul(dy, kernel, dx, Transpose.B);
        else base.GroupedInputGrad(dy, kernels, dx);
    }

    public override void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases)
    {
        int m = x.Cols, n = dy.Cols, parts = dKernels.Length;
        var splits = Split(m, n, x.Rows, precision);
        if (!IsBf16(x) || !IsBf16(dy) || splits.Count < 2 || !AreJoined(dKernels) || !AreJoined(dBiases))
        {
            base.GroupedLinearGrads(x, dy, dKernels, dBiases);
            return;
        }
        var sums = new Tensor(default, m, n);
        var (f, scratch) = Prepare(x, dy, sums, Transpose.A, splits.Floats);
        sums = sums with { View = scratch };
        SplitProduct(f, splits, sums, precision);
        var joined = dKernels[0] with { Rows = m * parts };
        Join(sums, splits.Count, joined, default, joined, parts);
        SumRows(dy, Joined(dBiases));
    }

    // The bf16 copy in which these kernels lie side by side, or nothing.
    Tensor Packed(Tensor[] kernels)
    {
        var first = Rounded(kernels[0]);
        return IsBf16(first) && first.Stride >= kernels.Length * first.Cols && AreJoined(kernels)
            ? first with { Cols = kernels.Length * first.Cols }
            : default;
    }

    // True if they lie one after another.
    static bool AreJoined(Tensor[] tensors)
    {
        long first = Address(tensors[0].View), bytes = sizeof(float) * (long)tensors[0].Count;
        for (int i = 1; i < tensors.Length; i++)
            if (tensors[i].Count != tensors[0].Count || Address(tensors[i].View) != first + i * bytes) return false;
        return true;
    }

    static Tensor Joined(Tensor[] rows) => new(rows[0].View, 1, rows.Length * rows[0].Count);
}
