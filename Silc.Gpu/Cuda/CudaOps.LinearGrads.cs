using ILGPU;

namespace Silc;

/// <summary>
/// What is left of the parameter gradients of up to two linear layers behind their products: the sums of split products, and the bias gradients, in
/// one launch. Blocks take the columns of the biases first, which are more work each.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct LinearGradSums<TLoad>(ColumnSums<TLoad> biases0, ColumnSums<TLoad> biases1, SplitKReduce<VectorLoad> kernels0,
    SplitKReduce<VectorLoad> kernels1, int endBiases0, int endBiases1, int endKernels0) : IKernel where TLoad : struct, IGlobalLoad
{
    public const int Threads = ColumnSums<TLoad>.Threads;

    public void Execute()
    {
        int block = Grid.IdxX, thread = Group.IdxX, shared = Ptx.Shared(ColumnSums<TLoad>.SharedBytes);
        if (block < endBiases1)
        {
            var biases = block < endBiases0 ? biases0 : biases1;
            biases.Run(block < endBiases0 ? block : block - endBiases0, thread, shared);
        }
        else
        {
            var kernels = block < endKernels0 ? kernels0 : kernels1;
            kernels.Run((block - (block < endKernels0 ? endBiases1 : endKernels0)) * Threads + thread);
        }
    }
}

// Parameter gradients: a product a layer and one launch for what is left of two layers, where there were four a layer.
partial class CudaOps
{
    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias) => LinearGrads(new LinearGrad(x, dy, [dKernel], [dBias]));

    public override void GroupedLinearGrads(Tensor x, Tensor dy, Tensor[] dKernels, Tensor[] dBiases) =>
        LinearGrads(new LinearGrad(x, dy, dKernels, dBiases));

    public override void LinearGrads(params ReadOnlySpan<LinearGrad> layers)
    {
        if (layers.Length > 2)
        {
            LinearGrads(layers[..2]);
            LinearGrads(layers[2..]);
        }
        // Operands that are converted first need the scratch memory in which the parts of the other layer's product lie.
        else if (layers.Length == 2 && AreJoined(layers[0]) && AreJoined(layers[1]) && AreBf16(layers[0]) && AreBf16(layers[1]))
            LinearGrads<Bf16Load>(PlanOf(layers[0]), PlanOf(layers[1]));
        else
            foreach (var layer in layers) LinearGradsOf(layer);
    }

    void LinearGradsOf(LinearGrad layer)
    {
        var (x, dy, dKernels, dBiases) = layer;
        if (dKernels.Length > 1 && !(AreBf16(layer) && AreJoined(layer))) base.GroupedLinearGrads(x, dy, dKernels, dBiases);
        else if (!CanSumColumns(dy) || dKernels[0].Cols % 4 != 0) base.LinearGrads(x, dy, dKernels[0], dBiases[0]);
        else if (IsBf16(dy)) LinearGrads<Bf16Load>(PlanOf(layer));
        else LinearGrads<VectorLoad>(PlanOf(layer));
    }

    static bool AreBf16(LinearGrad layer) => IsBf16(layer.X) && IsBf16(layer.DY);

    // True if the gradients of several layers can be written as one: kernels one below the other, biases side by side.
    static bool AreJoined(LinearGrad layer) =>
        CanSumColumns(layer.DY) && layer.DKernels[0].Cols % 4 == 0 && AreContiguous(layer.DKernels) && AreContiguous(layer.DBiases);

    GradPlan PlanOf(LinearGrad layer)
    {
        int m = layer.X.Cols, n = layer.DY.Cols, k = layer.X.Rows;
        var splits = ChooseSplitK(m, n, k, precision);
        // Products of several layers have their results side by side, and come to their places as sums of one part.
        if (layer.DKernels.Length > 1 && splits.Count < 2) splits = new(1, k, (long)m * n);
        return new(layer, splits, new(k, 1, n));
    }

    /// <summary>How the parameter gradients of a layer are computed, and the scratch memory for it.</summary>
    readonly record struct GradPlan(LinearGrad Layer, SplitK Splits, SumPlan Sums)
    {
        // Both begin at a multiple of 256 bytes.
        const int Alignment = 64;

        public long KernelFloats => Rounded(Splits.WorkspaceFloats);
        public long Floats => KernelFloats + Rounded(Sums.PartialFloats);

        // 0 blocks where the product has added to the gradient itself.
        public int ReduceBlocks(int threads) => Splits.WorkspaceFloats == 0 ? 0 : DivUp(Layer.X.Cols * (Layer.DY.Cols / 4), threads);

        static long Rounded(long floats) => (floats + Alignment - 1) / Alignment * Alignment;
    }

    void LinearGrads<TLoad>(GradPlan first, GradPlan second = default) where TLoad : struct, IGlobalLoad
    {
        const int Threads = LinearGradSums<TLoad>.Threads;
        bool both = second.Layer.X.Count > 0;
        var counters = Device.Counters(first.Sums.Counters + (both ? second.Sums.Counters : 0));
        // All of it at once: a request of more would move what is there.
        if (both) Device.Workspace(first.Floats + second.Floats);
        var (kernels0, biases0) = Product<TLoad>(first, 0, Address(counters));
        var (kernels1, biases1) = both ? Product<TLoad>(second, first.Floats, Address(counters) + sizeof(int) * first.Sums.Counters) : default;
        int endBiases0 = first.Sums.Blocks, endBiases1 = endBiases0 + (both ? second.Sums.Blocks : 0);
        int endKernels0 = endBiases1 + first.ReduceBlocks(Threads), end = endKernels0 + (both ? second.ReduceBlocks(Threads) : 0);
        Device.Launch(end, Threads, new LinearGradSums<TLoad>(biases0, biases1, kernels0, kernels1, endBiases0, endBiases1, endKernels0));
    }

    // The product of a layer, and what is left to be added. Scratch memory before the first float is another layer's.
    (SplitKReduce<VectorLoad> Kernels, ColumnSums<TLoad> Biases) Product<TLoad>(GradPlan plan, long first, long counters)
        where TLoad : struct, IGlobalLoad
    {
        var (x, dy, dKernels, dBiases) = plan.Layer;
        var product = new Tensor(default, x.Cols, dy.Cols);
        var (operands, scratch) = Prepare(x, dy, product, Transpose.A, first + plan.Floats);
        var biases = SumsOf<TLoad>(plan.Sums, dy, Concatenated(dBiases),
            Part(scratch, first + plan.KernelFloats, plan.Sums.PartialFloats), counters);
        if (plan.Splits.WorkspaceFloats == 0)
        {
            Gemm(operands, dKernels[0], default, dKernels[0], precision, SplitK.None, default);
            return (default, biases);
        }
        var partials = product with { View = Part(scratch, first, plan.Splits.WorkspaceFloats) };
        SplitKGemm(operands, plan.Splits, partials, precision);
        var sum = dKernels[0] with { Rows = x.Cols * dKernels.Length };
        var epilogue = new BiasEpilogue<Float32Quads>(At(sum), default, At(sum), ShapeOf(sum));
        return (new(At(partials), plan.Splits.Count, epilogue, x.Cols, dy.Cols / dKernels.Length, dKernels.Length), biases);
    }
}
