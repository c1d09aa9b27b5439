using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Of each row of probabilities: entropy -Σ p·log p, the largest, and where the largest stands first.</summary>
readonly struct TargetStatsKernel(FloatPointer p, FloatPointer stats, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int last = BlockShare.Last(rows), lane = Group.IdxX, lanes = Group.DimX;
        for (int row = BlockShare.First(rows); row < last; row++)
        {
            int start = row * cols;
            float entropy = 0, peak = -1, at = 0;
            for (int c = lane; c < cols; c += lanes)
            {
                float value = p[start + c];
                if (value > 0) entropy -= value * XMath.Log(value);
                if (value > peak) (peak, at) = (value, c);
            }
            entropy = BlockReduce.Sum(entropy, lane, lanes);
            float highest = BlockReduce.Max(peak, lane, lanes);
            float first = -BlockReduce.Max(peak == highest ? -at : -cols, lane, lanes);
            if (lane != 0) continue;
            stats[row * 3] = entropy;
            stats[row * 3 + 1] = highest;
            stats[row * 3 + 2] = first;
        }
    }
}

partial class Ops<TPack>
{
    public override void TargetStats(Tensor targets, Tensor stats) =>
        Device.ForRows(targets.Rows, new TargetStatsKernel(Dense(targets), Dense(stats), targets.Rows, targets.Cols));
}
