using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>For each row of probabilities: entropy -Σ p·log p, the maximum, and its index, the lowest of equals.</summary>
readonly struct EntropyAndArgMaxKernel(FloatPointer p, FloatPointer stats, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * cols;
            float entropy = 0, max = -1, at = 0;
            for (int c = thread; c < cols; c += threads)
            {
                float value = p[start + c];
                if (value > 0) entropy -= value * XMath.Log(value);
                if (value > max) (max, at) = (value, c);
            }
            entropy = BlockReduce.Sum(entropy, thread, threads);
            float blockMax = BlockReduce.Max(max, thread, threads);
            float argMax = -BlockReduce.Max(max == blockMax ? -at : -cols, thread, threads);
            if (thread != 0) continue;
            stats[row * 3] = entropy;
            stats[row * 3 + 1] = blockMax;
            stats[row * 3 + 2] = argMax;
        }
    }
}

partial class Ops<TPack>
{
    public override void EntropyAndArgMax(Tensor targets, Tensor stats) =>
        Device.ForRows(targets.Rows, new EntropyAndArgMaxKernel(Dense(targets), Dense(stats), targets.Rows, targets.Cols));
}
