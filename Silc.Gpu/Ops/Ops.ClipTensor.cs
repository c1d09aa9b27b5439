using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>x ← x · most / (|x| + 1e-6) if |x| > most. The norm comes as partial sums of squares, which each block adds up for itself.</summary>
readonly struct ClipTensorKernel<TPack>(FloatPointer x, FloatPointer partial, int count, int blocks, float most) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX;
        float sum = 0;
        for (int i = thread; i < blocks; i += threads) sum += partial[i];
        float norm = XMath.Sqrt(BlockReduce.Sum(sum, thread, threads)), factor = most / (norm + 1e-6f);
        if (factor >= 1) return;
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count);
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(x, i, TPack.Load(x, i) * TPack.Splat(factor));
        for (int i = vectorEnd + thread; i < last; i += threads) x[i] *= factor;
    }
}

/// <summary>x ← min(x, most).</summary>
readonly struct AtMostKernel(FloatPointer x, int count, float most) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX;
        for (int i = thread; i < count; i += threads) x[i] = XMath.Min(x[i], most);
    }
}

partial class Ops<TPack>
{
    public override void ClipTensor(Tensor x, float most)
    {
        int blocks = (x.Count + SquareBlocks<TPack>.Length - 1) / SquareBlocks<TPack>.Length;
        var partial = Device.Workspace(blocks);
        Device.ForRows(blocks, new SquareBlocks<TPack>(Dense(x), partial, x.Count, blocks));
        Device.ForElements(x.Count, new ClipTensorKernel<TPack>(Dense(x), partial, x.Count, blocks, most));
    }

    public override void AddSquares(Tensor x, Tensor y, int index)
    {
        int blocks = (x.Count + SquareBlocks<TPack>.Length - 1) / SquareBlocks<TPack>.Length;
        var partial = Device.Workspace(blocks);
        Device.ForRows(blocks, new SquareBlocks<TPack>(Dense(x), partial, x.Count, blocks));
        Device.Single(new AddSumKernel(partial, y.View, 0, blocks, index, 1));
    }

    public override void AtMost(Tensor x, float most)
    {
        Device.Single(new AtMostKernel(Dense(x), x.Count, most));
        Weights?.Written(x);
    }
}
