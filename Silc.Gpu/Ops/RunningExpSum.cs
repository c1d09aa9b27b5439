using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Σ exp(z - max) of the values so far and their maximum, in one pass over a row (Milakov and Gimelshein 2018, arXiv:1805.02867): where a larger
/// value comes, the sum shrinks by exp(old - new). Without branches, since ILGPU takes what inline PTX loads for the same in all threads.
/// </summary>
readonly struct RunningExpSum(float max, float sum)
{
    /// <summary>Of no values.</summary>
    public static RunningExpSum Empty => new(float.MinValue, 0);

    /// <summary>Largest value.</summary>
    public float Max => max;

    /// <summary>Σ exp(z - <see cref="Max"/>).</summary>
    public float Sum => sum;

    /// <summary>With a pack of values more.</summary>
    public RunningExpSum With<TPack>(TPack values) where TPack : struct, IPack<TPack>
    {
        float larger = XMath.Max(max, TPack.ReduceMax(values));
        return new(larger, sum * XMath.Exp(max - larger) + TPack.Sum(TPack.Exp(values - TPack.Splat(larger))));
    }

    /// <summary>Of all threads of a block, which all get it; all must call it.</summary>
    public RunningExpSum OfBlock(int thread, int threads)
    {
        float all = BlockReduce.Max(max, thread, threads);
        return new(all, BlockReduce.Sum(sum * XMath.Exp(max - all), thread, threads));
    }
}
