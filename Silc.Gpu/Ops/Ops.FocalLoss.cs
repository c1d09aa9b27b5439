using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Sigmoid focal loss: α·(1 − p)²·(−log p) of a positive, (1 − α)·p²·(−log(1 − p)) of a negative, p = σ(logit). With z = −logit
/// of a positive and logit of a negative both are a·σ(z)²·softplus(z), whose slope is
/// a·σ(z)²·(2·(1 − σ(z))·softplus(z) + σ(z)).
/// </summary>
readonly struct FocalLossKernel(FloatPointer logits, ArrayView<int> targets, FloatPointer weights, FloatPointer rowLoss, int rows, int cols,
    float alpha) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            float weight = weights[row], sum = 0;
            for (int i = row * cols + thread; i < (row + 1) * cols; i += threads)
            {
                int target = targets[i];
                float z = target > 0 ? -logits[i] : logits[i], a = target < 0 ? 0f : target > 0 ? alpha : 1 - alpha;
                float e = XMath.Exp(z < 0 ? z : -z), inverse = 1 / (1 + e);
                float sigmoid = z < 0 ? e * inverse : inverse, rest = z < 0 ? inverse : e * inverse;
                float softplus = (z > 0 ? z : 0) + BinaryCrossEntropyKernel.LogOnePlus(e), square = a * sigmoid * sigmoid;
                sum += square * softplus;
                float slope = weight * square * (2 * rest * softplus + sigmoid);
                logits[i] = target > 0 ? -slope : slope;
            }
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) rowLoss[row] = weight * sum;
        }
    }
}

partial class Ops<TPack>
{
    public override void FocalLoss(Tensor logits, ArrayView<int> targets, Tensor weights, Tensor rowLoss, float alpha)
    {
        OneARow(logits, weights, rowLoss);
        Device.ForRows(logits.Rows,
            new FocalLossKernel(Dense(logits), targets, Dense(weights), Dense(rowLoss), logits.Rows, logits.Cols, alpha));
    }
}
