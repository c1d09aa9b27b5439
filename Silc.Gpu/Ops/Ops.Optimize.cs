using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>partial[block] = Σ g² over a block of fixed length.</summary>
readonly struct SquareBlocks<TPack>(FloatPointer g, FloatPointer partial, int count, int blocks) : IKernel where TPack : struct, IPack<TPack>
{
    public const int Length = 16384;

    public void Execute()
    {
        int last = BlockShare.Last(blocks), lane = Group.IdxX, lanes = Group.DimX;
        for (int block = BlockShare.First(blocks); block < last; block++)
        {
            int first = block * Length, end = first + Length < count ? first + Length : count;
            int whole = first + (end - first) / TPack.Width * TPack.Width;
            var squares = TPack.Splat(0);
            float tail = 0;
            for (int i = first + lane * TPack.Width; i < whole; i += lanes * TPack.Width) squares += TPack.Load(g, i) * TPack.Load(g, i);
            for (int i = whole + lane; i < end; i += lanes) tail += g[i] * g[i];
            float sum = BlockReduce.Sum(TPack.Sum(squares) + tail, lane, lanes);
            if (lane == 0) partial[block] = sum;
        }
    }
}

/// <summary>Fills in the <see cref="StepState"/>: open when the norm and all losses are finite.</summary>
readonly struct GradNormKernel(FloatPointer partial, FloatPointer losses, FloatPointer gate, int blocks, int terms, float clipNorm, float beta1, float beta2)
    : IKernel
{
    public void Execute()
    {
        int lane = Group.IdxX, lanes = Group.DimX;
        float sum = 0;
        for (int i = lane; i < blocks; i += lanes) sum += partial[i];
        float norm = XMath.Sqrt(BlockReduce.Sum(sum, lane, lanes));
        if (lane != 0) return;
        int bad = Scalar.IsFinite(norm) ? 0 : 1;
        for (int slot = 0; slot < terms; slot++) bad += Scalar.IsFinite(losses[slot]) ? 0 : 1;
        if (bad == 0)
        {
            float updates = gate[StepState.Updates] + 1;
            gate[StepState.Finite] = 1;
            gate[StepState.Clip] = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;
            gate[StepState.Correction1] = 1 - XMath.Pow(beta1, updates);
            gate[StepState.Correction2] = 1 - XMath.Pow(beta2, updates);
            gate[StepState.Updates] = updates;
            gate[StepState.SkippedInRow] = 0;
            for (int slot = 0; slot < terms; slot++) gate[StepState.SumOf(slot)] += losses[slot];
            gate[StepState.SumNorm] += norm;
            gate[StepState.Counted] += 1;
        }
        else
        {
            gate[StepState.Finite] = 0;
            gate[StepState.Skipped] += 1;
            gate[StepState.SkippedInRow] += 1;
        }
    }
}

/// <summary>
/// Rate and decay are factors on what the gate holds.
/// m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; p ← p - rate · m̂ / (√v̂ + ε) - decay · p. Loshchilov and Hutter 2019, arXiv:1711.05101.
/// Where there is a teacher, it follows while p is at hand: teacher ← momentum · teacher + (1 - momentum) · p.
/// </summary>
readonly struct AdamWKernel<TPack>(FloatPointer p, FloatPointer g, FloatPointer m, FloatPointer v, FloatPointer teacher, FloatPointer gate,
    int count, float rate, float decay, float beta1, float beta2, float epsilon, int taught, FloatPointer momentum) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        if (gate[StepState.Finite] == 0) return;
        int first = BlockShare.FirstElement(count), last = BlockShare.LastElement(count), lane = Group.IdxX, lanes = Group.DimX;
        int whole = first + (last - first) / TPack.Width * TPack.Width;
        float clip = gate[StepState.Clip], step = rate * gate[StepState.LearningRate] / gate[StepState.Correction1];
        float unbias = 1 / XMath.Sqrt(gate[StepState.Correction2]);
        float fall = decay * gate[StepState.Decay], keep = taught != 0 ? momentum[0] : 1;
        for (int i = first + lane * TPack.Width; i < whole; i += lanes * TPack.Width) At<TPack>(i, clip, step, unbias, fall, keep);
        for (int i = whole + lane; i < last; i += lanes) At<Pack1>(i, clip, step, unbias, fall, keep);
    }

    void At<P>(int i, float clip, float step, float unbias, float fall, float keep) where P : struct, IPack<P>
    {
        var grad = P.Load(g, i) * P.Splat(clip);
        var mean = P.Splat(beta1) * P.Load(m, i) + P.Splat(1 - beta1) * grad;
        var square = P.Splat(beta2) * P.Load(v, i) + P.Splat(1 - beta2) * grad * grad;
        var value = P.Load(p, i);
        P.Store(m, i, mean);
        P.Store(v, i, square);
        value = value - P.Splat(step) * mean / (P.Sqrt(square) * P.Splat(unbias) + P.Splat(epsilon)) - P.Splat(fall) * value;
        P.Store(p, i, value);
        if (taught != 0) P.Store(teacher, i, P.Splat(keep) * P.Load(teacher, i) + P.Splat(1 - keep) * value);
    }
}

/// <summary>
/// x ← x · most / (|x| + 1e-6) if |x| > most. The norm's blocks are partial sums of squares; each group of threads adds them for itself.
/// </summary>
readonly struct ClipTensorKernel<TPack>(FloatPointer x, FloatPointer partial, int count, int blocks, float most) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int lane = Group.IdxX, lanes = Group.DimX;
        float sum = 0;
        for (int i = lane; i < blocks; i += lanes) sum += partial[i];
        float norm = XMath.Sqrt(BlockReduce.Sum(sum, lane, lanes)), factor = most / (norm + 1e-6f);
        if (factor >= 1) return;
        int first = BlockShare.FirstElement(count), last = BlockShare.LastElement(count);
        int whole = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + lane * TPack.Width; i < whole; i += lanes * TPack.Width) TPack.Store(x, i, TPack.Load(x, i) * TPack.Splat(factor));
        for (int i = whole + lane; i < last; i += lanes) x[i] *= factor;
    }
}

/// <summary>x ← min(x, most).</summary>
readonly struct AtMostKernel(FloatPointer x, int count, float most) : IKernel
{
    public void Execute()
    {
        int lane = Group.IdxX, lanes = Group.DimX;
        for (int i = lane; i < count; i += lanes) x[i] = XMath.Min(x[i], most);
    }
}

/// <summary>The gate of parameters that begin to learn later; see <see cref="Ops.LateGate"/>.</summary>
readonly struct LateGateKernel(FloatPointer gate, FloatPointer begun, FloatPointer late, float beta1, float beta2) : IKernel
{
    public void Execute()
    {
        if (Group.IdxX != 0) return;
        late[StepState.Finite] = 0;
        if (gate[StepState.Finite] == 0 || begun[0] == 0) return;
        float updates = late[StepState.Updates] + 1;
        late[StepState.Finite] = 1;
        late[StepState.Updates] = updates;
        late[StepState.Correction1] = 1 - XMath.Pow(beta1, updates);
        late[StepState.Correction2] = 1 - XMath.Pow(beta2, updates);
        late[StepState.Clip] = gate[StepState.Clip];
        late[StepState.LearningRate] = gate[StepState.LearningRate];
        late[StepState.Decay] = gate[StepState.Decay];
    }
}

partial class Ops<TPack>
{
    public override void ClipTensor(Tensor x, float most)
    {
        int blocks = (x.Count + SquareBlocks<TPack>.Length - 1) / SquareBlocks<TPack>.Length;
        var partial = Device.Workspace(blocks);
        Device.ForRows(blocks, new SquareBlocks<TPack>(Dense(x), partial, x.Count, blocks));
        Device.ForElements(x.Count, new ClipTensorKernel<TPack>(Dense(x), partial, x.Count, blocks, most));
    }

    public override void AtMost(Tensor x, float most) => Device.Single(new AtMostKernel(Dense(x), x.Count, most));

    public override void LateGate(StepState gate, Tensor begun, StepState late, float beta1, float beta2) =>
        Device.Single(new LateGateKernel(gate.View, begun.View, late.View, beta1, beta2));

    public override void GradNorm(Tensor gradients, Tensor losses, StepState gate, float clipNorm, float beta1, float beta2)
    {
        int blocks = (gradients.Count + SquareBlocks<TPack>.Length - 1) / SquareBlocks<TPack>.Length;
        var partial = Device.Workspace(blocks);
        Device.ForRows(blocks, new SquareBlocks<TPack>(Dense(gradients), partial, gradients.Count, blocks));
        Device.Single(new GradNormKernel(partial, losses.View, gate.View, blocks, losses.Cols, clipNorm, beta1, beta2));
    }

    public override void AdamW(
        Tensor p, Tensor g, Tensor m, Tensor v, StepState gate, float rate, float decay, float beta1, float beta2, float epsilon,
        Tensor teacher, Tensor momentum) =>
        Device.ForElements(p.Count, new AdamWKernel<TPack>(
            Dense(p), Dense(g), Dense(m), Dense(v), Dense(teacher.Count > 0 ? teacher : p), gate.View, p.Count, rate, decay, beta1, beta2, epsilon,
            teacher.Count > 0 ? 1 : 0, teacher.Count > 0 ? momentum.View : gate.View));
}
