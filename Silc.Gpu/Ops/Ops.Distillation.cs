using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// x ← softmax((x - center) · sharpness), sharpness = 1 / temperature, one row at a time: the teacher's centered, sharpened distribution.
/// </summary>
readonly struct TeacherSoftmaxKernel<TPack>(FloatPointer x, FloatPointer center, FloatPointer sharpness, int rows, int width) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        float inverse = sharpness[0];
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            if (TPack.SumsInOnePass) ByRunningSum(start, vectorEnd, inverse, thread, threads);
            else ByParts(start, vectorEnd, inverse, thread, threads);
        }
    }

    // Reads a row twice and writes it once, for two exponentials a value.
    void ByRunningSum(int start, int vectorEnd, float inverse, int thread, int threads)
    {
        var running = RunningExpSum.Empty;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) running = running.With(At<TPack>(start, c, inverse));
        for (int c = vectorEnd + thread; c < width; c += threads) running = running.With(At<Pack1>(start, c, inverse));
        running = running.OfBlock(thread, threads);
        float max = running.Max, scale = 1 / running.Sum;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) Put<TPack>(start, c, inverse, max, scale);
        for (int c = vectorEnd + thread; c < width; c += threads) Put<Pack1>(start, c, inverse, max, scale);
    }

    // Reads it three times and writes it twice, for one.
    void ByParts(int start, int vectorEnd, float inverse, int thread, int threads)
    {
        float max = float.MinValue, sum = 0;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            max = XMath.Max(max, TPack.ReduceMax(TPack.Load(x, start + c) - TPack.Load(center, c)));
        for (int c = vectorEnd + thread; c < width; c += threads) max = XMath.Max(max, x[start + c] - center[c]);
        max = BlockReduce.Max(max, thread, threads) * inverse;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) sum += TPack.Sum(Put<TPack>(start, c, inverse, max, 1));
        for (int c = vectorEnd + thread; c < width; c += threads) sum += Pack1.Sum(Put<Pack1>(start, c, inverse, max, 1));
        float scale = 1 / BlockReduce.Sum(sum, thread, threads);
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            TPack.Store(x, start + c, TPack.Load(x, start + c) * TPack.Splat(scale));
        for (int c = vectorEnd + thread; c < width; c += threads) x[start + c] *= scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    P At<P>(int start, int c, float inverse) where P : struct, IPack<P> => (P.Load(x, start + c) - P.Load(center, c)) * P.Splat(inverse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    P Put<P>(int start, int c, float inverse, float max, float scale) where P : struct, IPack<P>
    {
        var e = P.Exp(At<P>(start, c, inverse) - P.Splat(max)) * P.Splat(scale);
        P.Store(x, start + c, e);
        return e;
    }
}

/// <summary>
/// One student row against its P teacher rows: loss = Σ over k of p_k · (log Σ exp z - z_k), p = the sum of the teacher rows, z = logits / τ;
/// dLogits = (P · softmax(z) - p) / τ, written over the logits. Both times weight / (terms · B).
/// </summary>
readonly struct DinoCrossEntropyKernel<TPack>(
    FloatPointer logits, FloatPointer targets, FloatPointer rowLoss,
    int rows, int width, int batch, int teachers, float inverse, int skipSame, float weight) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width, view = row / batch, sample = row % batch;
            int skip = skipSame != 0 ? view : -1, pairs = skip >= 0 && skip < teachers ? teachers - 1 : teachers;
            float log = BlockLogSumExp.Of<TPack>(logits, start, width, inverse, thread, threads), loss = 0;

            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                loss += At<TPack>(start + c, sample * width + c, skip, pairs, log);
            for (int c = vectorEnd + thread; c < width; c += threads) loss += At<Pack1>(start + c, sample * width + c, skip, pairs, log);
            loss = BlockReduce.Sum(loss, thread, threads);
            if (thread == 0) rowLoss[row] = loss * weight;
        }
    }

    float At<P>(int i, int target, int skip, int pairs, float log) where P : struct, IPack<P>
    {
        var p = P.Splat(0);
        for (int q = 0; q < teachers; q++)
            if (q != skip) p += P.Load(targets, target + q * batch * width);
        var logProbability = P.Load(logits, i) * P.Splat(inverse) - P.Splat(log);
        P.Store(logits, i, (P.Splat(pairs) * P.Exp(logProbability) - p) * P.Splat(weight * inverse));
        return -P.Sum(p * logProbability);
    }
}

/// <summary>log Σ over k of exp(s · z_k) of a row, by all threads of a block, which all get it.</summary>
static class BlockLogSumExp
{
    public static float Of<TPack>(FloatPointer row, int start, int width, float scale, int thread, int threads) where TPack : struct, IPack<TPack> =>
        TPack.SumsInOnePass ? ByRunningSum<TPack>(row, start, width, scale, thread, threads)
            : ByParts<TPack>(row, start, width, scale, thread, threads);

    static float ByRunningSum<TPack>(FloatPointer row, int start, int width, float scale, int thread, int threads)
        where TPack : struct, IPack<TPack>
    {
        int vectorEnd = width / TPack.Width * TPack.Width;
        var running = RunningExpSum.Empty;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            running = running.With(TPack.Load(row, start + c) * TPack.Splat(scale));
        for (int c = vectorEnd + thread; c < width; c += threads) running = running.With(Pack1.Load(row, start + c) * Pack1.Splat(scale));
        running = running.OfBlock(thread, threads);
        return running.Max + XMath.Log(running.Sum);
    }

    static float ByParts<TPack>(FloatPointer row, int start, int width, float scale, int thread, int threads) where TPack : struct, IPack<TPack>
    {
        int vectorEnd = width / TPack.Width * TPack.Width;
        float max = float.MinValue, sum = 0;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            max = XMath.Max(max, TPack.ReduceMax(TPack.Load(row, start + c)));
        for (int c = vectorEnd + thread; c < width; c += threads) max = XMath.Max(max, row[start + c]);
        max = BlockReduce.Max(max, thread, threads) * scale;
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            sum += TPack.Sum(TPack.Exp(TPack.Load(row, start + c) * TPack.Splat(scale) - TPack.Splat(max)));
        for (int c = vectorEnd + thread; c < width; c += threads) sum += XMath.Exp(row[start + c] * scale - max);
        return max + XMath.Log(BlockReduce.Sum(sum, thread, threads));
    }
}

/// <summary>
/// One student row against its own teacher row: loss = weight · w · Σ over k of p_k · (log Σ exp z - z_k), z = logits / τ, w the row's weight;
/// dLogits = weight · w · (softmax(z) - p) / τ, written over the logits.
/// </summary>
readonly struct PatchCrossEntropyKernel<TPack>(FloatPointer logits, FloatPointer targets, FloatPointer weights, FloatPointer rowLoss, int rows,
    int width, float inverse, float weight) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            float factor = weight * weights[row], log = BlockLogSumExp.Of<TPack>(logits, start, width, inverse, thread, threads), loss = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) loss += At<TPack>(start + c, log, factor);
            for (int c = vectorEnd + thread; c < width; c += threads) loss += At<Pack1>(start + c, log, factor);
            loss = BlockReduce.Sum(loss, thread, threads);
            if (thread == 0) rowLoss[row] = loss * factor;
        }
    }

    float At<P>(int i, float log, float factor) where P : struct, IPack<P>
    {
        var p = P.Load(targets, i);
        var logProbability = P.Load(logits, i) * P.Splat(inverse) - P.Splat(log);
        P.Store(logits, i, (P.Exp(logProbability) - p) * P.Splat(factor * inverse));
        return -P.Sum(p * logProbability);
    }
}

partial class Ops<TPack>
{
    public override void TeacherSoftmax(Tensor x, Tensor center, Tensor sharpness) =>
        Device.ForRows(x.Rows, new TeacherSoftmaxKernel<TPack>(Dense(x), Dense(center), sharpness.View, x.Rows, x.Cols));

    public override void PatchCrossEntropy(Tensor logits, Tensor targets, Tensor weights, Tensor rowLoss, float temperature, float weight)
    {
        Same(logits, targets);
        if (weights.Rows != logits.Rows || rowLoss.Rows != logits.Rows)
            throw new ArgumentException($"{logits.Rows} rows of logits have {weights.Rows} weights and {rowLoss.Rows} losses");
        Device.ForRows(logits.Rows, new PatchCrossEntropyKernel<TPack>(Dense(logits), Dense(targets), Dense(weights), Dense(rowLoss), logits.Rows,
            logits.Cols, 1 / temperature, weight));
    }

    public override void DinoCrossEntropy(
        Tensor logits, Tensor targets, Tensor rowLoss, int batch, float temperature, bool skipSame, int terms, float weight) =>
        Device.ForRows(logits.Rows, new DinoCrossEntropyKernel<TPack>(Dense(logits), Dense(targets), Dense(rowLoss), logits.Rows, logits.Cols,
            batch, targets.Rows / batch, 1 / temperature, skipSame ? 1 : 0, weight / ((float)terms * batch)));
}
