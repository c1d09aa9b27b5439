using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>Binary cross-entropy with targets between 0 and 1: softplus(x) − x·t, whose slope is σ(x) − t.</summary>
readonly struct SigmoidCrossEntropyKernel(FloatPointer logits, FloatPointer targets, FloatPointer losses, int count, float weight) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        for (int i = BlockRange.FirstElement(count) + thread; i < last; i += threads)
        {
            float x = logits[i], t = targets[i], e = XMath.Exp(x < 0 ? x : -x), inverse = 1 / (1 + e);
            losses[i] = weight * ((x > 0 ? x : 0) + BinaryCrossEntropyKernel.LogOnePlus(e) - x * t);
            logits[i] = weight * ((x < 0 ? e * inverse : inverse) - t);
        }
    }
}

partial class Ops<TPack>
{
    public override void SigmoidCrossEntropy(Tensor logits, Tensor targets, Tensor losses, float weight)
    {
        Same(logits, targets);
        Same(logits, losses);
        Device.ForElements(logits.Count,
            new SigmoidCrossEntropyKernel(Dense(logits), Dense(targets), Dense(losses), logits.Count, weight));
    }
}
