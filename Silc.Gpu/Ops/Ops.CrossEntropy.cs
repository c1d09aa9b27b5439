using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Softmax cross-entropy of a row of logits with one label; a row whose label is negative has neither loss nor gradient.</summary>
readonly struct SoftmaxCrossEntropyKernel(FloatPointer logits, ArrayView<int> labels, FloatPointer rowLoss, int rows, int classes, float weight,
    FloatPointer weights, int isWeighted) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * classes, label = labels[row];
            float max = float.MinValue, sum = 0, own = isWeighted != 0 ? weight * weights[row] : weight;
            for (int k = thread; k < classes; k += threads) max = XMath.Max(max, logits[start + k]);
            max = BlockReduce.Max(max, thread, threads);
            for (int k = thread; k < classes; k += threads) sum += XMath.Exp(logits[start + k] - max);
            float log = max + XMath.Log(BlockReduce.Sum(sum, thread, threads));
            // Read before a thread overwrites it.
            float chosen = label < 0 ? 0 : logits[start + label];
            if (threads > 1) Group.Barrier();
            for (int k = thread; k < classes; k += threads)
                logits[start + k] = label < 0 ? 0 : own * (XMath.Exp(logits[start + k] - log) - (k == label ? 1f : 0f));
            if (thread == 0) rowLoss[row] = label < 0 ? 0 : own * (log - chosen);
        }
    }
}

/// <summary>
/// Binary cross-entropy of maps: row b·T + t has the logits of class t at every place of image b, whose labels are row b of <c>labels</c>.
/// </summary>
readonly struct BinaryCrossEntropyKernel(FloatPointer logits, ArrayView<int> labels, FloatPointer rowLoss, int rows, int places, int classes,
    float weight, int ignoredCount) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * places, given = row / classes * places, own = row % classes;
            float sum = 0;
            for (int p = thread; p < places; p += threads)
            {
                int label = labels[given + p];
                bool counts = label >= 0 || ignoredCount != 0, positive = label == own;
                // log(1 + exp(z)) and its slope from exp(-|z|), which does not overflow; z = -x for a positive.
                float z = positive ? -logits[start + p] : logits[start + p], e = XMath.Exp(z < 0 ? z : -z), inverse = 1 / (1 + e);
                float slope = z < 0 ? e * inverse : inverse;
                sum += counts ? (z > 0 ? z : 0) + LogOnePlus(e) : 0f;
                logits[start + p] = counts ? weight * (positive ? -slope : slope) : 0f;
            }
            sum = BlockReduce.Sum(sum, thread, threads);
            if (thread == 0) rowLoss[row] = weight * sum;
        }
    }

    // 1 + e loses the digits of a small e: its series.
    internal static float LogOnePlus(float e) => e < 0.01f ? e * (1 - e * (0.5f - e * (1 / 3f - e * 0.25f))) : XMath.Log(1 + e);
}

partial class Ops<TPack>
{
    public override void SoftmaxCrossEntropy(Tensor logits, ArrayView<int> labels, Tensor rowLoss, float weight, Tensor weights)
    {
        if (rowLoss.Rows != logits.Rows || weights.Count > 0 && weights.Rows != logits.Rows)
            throw new ArgumentException($"{logits.Rows} rows of logits have {rowLoss.Rows} losses and {weights.Rows} weights");
        Device.ForRows(logits.Rows,
            new SoftmaxCrossEntropyKernel(Dense(logits), labels, Dense(rowLoss), logits.Rows, logits.Cols, weight,
                weights.Count > 0 ? Dense(weights) : Dense(rowLoss), weights.Count > 0 ? 1 : 0));
    }

    public override void BinaryCrossEntropy(Tensor logits, ArrayView<int> labels, int classes, Tensor rowLoss, float weight, bool ignoredAreNegative)
    {
        if (logits.Rows % classes != 0 || rowLoss.Rows != logits.Rows)
            throw new ArgumentException($"{logits.Rows} maps are no whole number of {classes} classes, or have {rowLoss.Rows} losses");
        Device.ForRows(logits.Rows, new BinaryCrossEntropyKernel(Dense(logits), labels, Dense(rowLoss), logits.Rows, logits.Cols, classes, weight,
            ignoredAreNegative ? 1 : 0));
    }
}
