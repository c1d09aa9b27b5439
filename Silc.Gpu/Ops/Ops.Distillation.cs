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
        int last = BlockShare.Last(rows), lane = Group.IdxX, lanes = Group.DimX, whole = width / TPack.Width * TPack.Width;
        float inverse = sharpness[0];
        var factor = TPack.Splat(inverse);
        for (int row = BlockShare.First(rows); row < last; row++)
        {
            int start = row * width;
            float peak = float.MinValue, sum = 0;
            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width)
                peak = XMath.Max(peak, TPack.Peak(TPack.Load(x, start + c) - TPack.Load(center, c)));
            for (int c = whole + lane; c < width; c += lanes) peak = XMath.Max(peak, x[start + c] - center[c]);
            peak = BlockReduce.Max(peak, lane, lanes) * inverse;
            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width)
            {
                var e = TPack.Exp((TPack.Load(x, start + c) - TPack.Load(center, c)) * factor - TPack.Splat(peak));
                TPack.Store(x, start + c, e);
                sum += TPack.Sum(e);
            }
            for (int c = whole + lane; c < width; c += lanes)
            {
                float e = XMath.Exp((x[start + c] - center[c]) * inverse - peak);
                x[start + c] = e;
                sum += e;
            }
            float scale = 1 / BlockReduce.Sum(sum, lane, lanes);
            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width) TPack.Store(x, start + c, TPack.Load(x, start + c) * TPack.Splat(scale));
            for (int c = whole + lane; c < width; c += lanes) x[start + c] *= scale;
        }
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
        int last = BlockShare.Last(rows), lane = Group.IdxX, lanes = Group.DimX, whole = width / TPack.Width * TPack.Width;
        for (int row = BlockShare.First(rows); row < last; row++)
        {
            int start = row * width, view = row / batch, sample = row % batch;
            int skip = skipSame != 0 ? view : -1, pairs = skip >= 0 && skip < teachers ? teachers - 1 : teachers;
            float peak = float.MinValue, sum = 0;
            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width) peak = XMath.Max(peak, TPack.Peak(TPack.Load(logits, start + c)));
            for (int c = whole + lane; c < width; c += lanes) peak = XMath.Max(peak, logits[start + c]);
            peak = BlockReduce.Max(peak, lane, lanes) * inverse;
            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width)
                sum += TPack.Sum(TPack.Exp(TPack.Load(logits, start + c) * TPack.Splat(inverse) - TPack.Splat(peak)));
            for (int c = whole + lane; c < width; c += lanes) sum += XMath.Exp(logits[start + c] * inverse - peak);
            float log = peak + XMath.Log(BlockReduce.Sum(sum, lane, lanes)), loss = 0;

            for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width) loss += At<TPack>(start + c, sample * width + c, skip, pairs, log);
            for (int c = whole + lane; c < width; c += lanes) loss += At<Pack1>(start + c, sample * width + c, skip, pairs, log);
            loss = BlockReduce.Sum(loss, lane, lanes);
            if (lane == 0) rowLoss[row] = loss * weight;
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

partial class Ops<TPack>
{
    public override void TeacherSoftmax(Tensor x, Tensor center, Tensor sharpness) =>
        Device.ForRows(x.Rows, new TeacherSoftmaxKernel<TPack>(Dense(x), Dense(center), sharpness.View, x.Rows, x.Cols));

    public override void DinoCrossEntropy(
        Tensor logits, Tensor targets, Tensor rowLoss, int batch, float temperature, bool skipSame, int terms, float weight) =>
        Device.ForRows(logits.Rows, new DinoCrossEntropyKernel<TPack>(Dense(logits), Dense(targets), Dense(rowLoss), logits.Rows, logits.Cols,
            batch, targets.Rows / batch, 1 / temperature, skipSame ? 1 : 0, weight / ((float)terms * batch)));
}
