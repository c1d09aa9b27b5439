using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>partial[block] = Σ g² over a block of elements of fixed length.</summary>
readonly struct SquareBlocks<TPack>(FloatPointer g, FloatPointer partial, int count, int blocks) : IKernel where TPack : struct, IPack<TPack>
{
    public const int Length = 16384;

    public void Execute()
    {
        int last = BlockRange.Last(blocks), thread = Group.IdxX, threads = Group.DimX;
        for (int block = BlockRange.First(blocks); block < last; block++)
        {
            int first = block * Length, end = first + Length < count ? first + Length : count;
            int vectorEnd = first + (end - first) / TPack.Width * TPack.Width;
            var squares = TPack.Splat(0);
            float tail = 0;
            for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width) squares += TPack.Load(g, i) * TPack.Load(g, i);
            for (int i = vectorEnd + thread; i < end; i += threads) tail += g[i] * g[i];
            float sum = BlockReduce.Sum(TPack.Sum(squares) + tail, thread, threads);
            if (thread == 0) partial[block] = sum;
        }
    }
}

/// <summary>Fills in the <see cref="StepState"/>: found-inf (the norm or a loss is not finite), clipping, bias corrections and sums.</summary>
readonly struct GradNormKernel(FloatPointer partial, FloatPointer losses, FloatPointer state, int blocks, int terms, float clipNorm,
    float beta1, float beta2, FloatPointer more, int hasMore)
    : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, threads = Group.DimX;
        float sum = 0;
        for (int i = thread; i < blocks; i += threads) sum += partial[i];
        sum = BlockReduce.Sum(sum, thread, threads);
        float norm = XMath.Sqrt(hasMore != 0 ? sum + more[0] : sum);
        if (thread != 0) return;
        int bad = Scalar.IsFinite(norm) ? 0 : 1;
        for (int slot = 0; slot < terms; slot++) bad += Scalar.IsFinite(losses[slot]) ? 0 : 1;
        if (bad == 0)
        {
            float updates = state[StepState.Updates] + 1;
            state[StepState.Finite] = 1;
            state[StepState.Clip] = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;
            state[StepState.Correction1] = 1 - XMath.Pow(beta1, updates);
            state[StepState.Correction2] = 1 - XMath.Pow(beta2, updates);
            state[StepState.Updates] = updates;
            state[StepState.SkippedInRow] = 0;
            for (int slot = 0; slot < terms; slot++) state[StepState.SumOf(slot)] += losses[slot];
            state[StepState.SumNorm] += norm;
            state[StepState.Counted] += 1;
        }
        else
        {
            state[StepState.Finite] = 0;
            state[StepState.Skipped] += 1;
            state[StepState.SkippedInRow] += 1;
        }
    }
}

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; p ← p - rate · m̂ /
/// (√v̂ + ε) - decay · p. Rate and decay are factors on learning rate and decay in the step state. Fused EMA update
/// of a teacher, if there is one: teacher ← momentum · teacher + (1 - momentum) · p, the momentum read on the device.
/// </summary>
readonly struct AdamWKernel<TPack>(FloatPointer p, FloatPointer g, FloatPointer m, FloatPointer v, FloatPointer teacher, FloatPointer state,
    int count, float rate, float decay, float beta1, float beta2, float epsilon, int hasTeacher, FloatPointer momentum) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        if (state[StepState.Finite] == 0) return;
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        float clip = state[StepState.Clip], step = rate * state[StepState.LearningRate] / state[StepState.Correction1];
        float invSqrtCorrection2 = 1 / XMath.Sqrt(state[StepState.Correction2]);
        float decayStep = decay * state[StepState.Decay], keep = hasTeacher != 0 ? momentum[0] : 1;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            At<TPack>(i, clip, step, invSqrtCorrection2, decayStep, keep);
        for (int i = vectorEnd + thread; i < last; i += threads) At<Pack1>(i, clip, step, invSqrtCorrection2, decayStep, keep);
    }

    void At<P>(int i, float clip, float step, float invSqrtCorrection2, float decayStep, float keep) where P : struct, IPack<P>
    {
        var grad = P.Load(g, i) * P.Splat(clip);
        var mean = P.Splat(beta1) * P.Load(m, i) + P.Splat(1 - beta1) * grad;
        var square = P.Splat(beta2) * P.Load(v, i) + P.Splat(1 - beta2) * grad * grad;
        var value = P.Load(p, i);
        P.Store(m, i, mean);
        P.Store(v, i, square);
        value = value - P.Splat(step) * mean / (P.Sqrt(square) * P.Splat(invSqrtCorrection2) + P.Splat(epsilon)) - P.Splat(decayStep) * value;
        P.Store(p, i, value);
        if (hasTeacher != 0) P.Store(teacher, i, P.Splat(keep) * P.Load(teacher, i) + P.Splat(1 - keep) * value);
    }
}

partial class Ops<TPack>
{
    public override void GradNorm(Tensor gradients, Tensor losses, StepState state, float clipNorm, float beta1, float beta2, Tensor more)
    {
        int blocks = (gradients.Count + SquareBlocks<TPack>.Length - 1) / SquareBlocks<TPack>.Length;
        var partial = Device.Workspace(blocks);
        Device.ForRows(blocks, new SquareBlocks<TPack>(Dense(gradients), partial, gradients.Count, blocks));
        Device.Single(new GradNormKernel(partial, losses.View, state.View, blocks, losses.Cols, clipNorm, beta1, beta2,
            more.Count > 0 ? more.View : state.View, more.Count > 0 ? 1 : 0));
    }

    public override void AdamWUpdate(
        Tensor p, Tensor g, Tensor m, Tensor v, StepState state, float rate, float decay, float beta1, float beta2, float epsilon,
        Tensor teacher, Tensor momentum)
    {
        Device.ForElements(p.Count, new AdamWKernel<TPack>(
            Dense(p), Dense(g), Dense(m), Dense(v), Dense(teacher.Count > 0 ? teacher : p), state.View, p.Count, rate, decay, beta1, beta2, epsilon,
            teacher.Count > 0 ? 1 : 0, teacher.Count > 0 ? momentum.View : state.View));
        Weights?.Written(p);
        if (teacher.Count > 0) Weights?.Written(teacher);
    }
}
