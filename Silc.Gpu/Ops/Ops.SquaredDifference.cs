using ILGPU;

namespace Silc;

/// <summary>rowLoss = weight · Σ (x - target)² of each row; x ← 2 · weight · (x - target).</summary>
readonly struct SquaredDifferenceKernel<TPack>(FloatPointer x, FloatPointer target, FloatPointer rowLoss, int rows, int cols, float weight) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * cols;
            float sum = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) sum += At<TPack>(start + c);
            for (int c = vectorEnd + thread; c < cols; c += threads) sum += At<Pack1>(start + c);
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) rowLoss[row] = weight * sum;
        }
    }

    float At<P>(int i) where P : struct, IPack<P>
    {
        var difference = P.Load(x, i) - P.Load(target, i);
        P.Store(x, i, P.Splat(2 * weight) * difference);
        return P.Sum(difference * difference);
    }
}

partial class Ops<TPack>
{
    public override void SquaredDifference(Tensor x, Tensor target, Tensor rowLoss, float weight)
    {
        Same(x, target);
        Device.ForRows(x.Rows, new SquaredDifferenceKernel<TPack>(Dense(x), Dense(target), Dense(rowLoss), x.Rows, x.Cols, weight));
    }
}
