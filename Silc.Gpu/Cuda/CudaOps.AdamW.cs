using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Where a kernel writes the bf16 copy of the weights it updates: value <c>i</c> of a run is value <c>i + shift</c> of the copy.
/// </summary>
readonly struct WeightCopyTarget(long address, int shift, WeightCopyLayout layout)
{
    public WeightCopyTarget(Bf16WeightCopy copy, long begin)
        : this(copy.Pointer.Address, (int)((begin - copy.Begin) / sizeof(float)), copy.Layout) { }

    /// <summary>Four neighbours, which lie in one row.</summary>
    public void Store(int i, Float4 values) => Bf16Quads.Store(address + sizeof(ushort) * (long)layout.At(i + shift), values);
}

/// <summary>Rounds a run of weights to their bf16 copy, four values a thread.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct RoundWeightsToBf16(long weights, WeightCopyTarget copy, int count) : IKernel
{
    public void Execute()
    {
        int i = 4 * (Grid.IdxX * Group.DimX + Group.IdxX);
        if (i < count) copy.Store(i, Ptx.Load4(weights + 4L * i));
    }
}

/// <summary>
/// As <see cref="AdamWKernel{TPack}"/>, four values a thread, for parameters with a bf16 copy: the copies of student and teacher are
/// written while the values are in registers. 40 bytes a value with a teacher; a separate pass for the copies would be 12 more.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct AdamWBf16Copy(long p, long g, long m, long v, long teacher, WeightCopyTarget copy, WeightCopyTarget teacherCopy, long state,
    int count, float rate, float decay, float beta1, float beta2, float epsilon, long momentum) : IKernel
{
    public void Execute()
    {
        int i = 4 * (Grid.IdxX * Group.DimX + Group.IdxX);
        if (At(StepState.Finite) == 0 || i >= count) return;
        // All loads before the first store: ptxas cannot know that p and m do not alias, and would not move loads across it.
        long at = 4L * i;
        Float4 grad = Ptx.Load4(g + at), mean = Ptx.Load4(m + at), square = Ptx.Load4(v + at), value = Ptx.Load4(p + at);
        var ema = Ptx.Load4(teacher + at, 0, teacher == 0 ? 0 : 1, 0, 1);
        float step = rate * At(StepState.LearningRate) / At(StepState.Correction1), invSqrtCorrection2 = 1 / XMath.Sqrt(At(StepState.Correction2));
        float decayStep = decay * At(StepState.Decay);
        grad *= At(StepState.Clip);
        mean = mean * beta1 + grad * (1 - beta1);
        square = square * beta2 + grad * (1 - beta2) * grad;
        var root = Pack4.Sqrt(new(square)).Values * invSqrtCorrection2 + new Float4(epsilon, epsilon, epsilon, epsilon);
        value = value - mean * step / root - value * decayStep;
        Ptx.Store4(m + at, mean);
        Ptx.Store4(v + at, square);
        Ptx.Store4(p + at, value);
        copy.Store(i, value);
        if (teacher == 0) return;
        float keep = Ptx.Load(momentum);
        ema = ema * keep + value * (1 - keep);
        Ptx.Store4(teacher + at, ema);
        teacherCopy.Store(i, ema);
    }

    float At(int slot) => Ptx.Load(state + 4L * slot);
}

partial class CudaOps
{
    internal override Bf16Weights? Weights { get; } = precision == Precision.Bf16 ? new(device) : null;

    internal override void RefreshWeights()
    {
        foreach (var copy in Weights?.Stale ?? []) Refresh(copy);
    }

    void Refresh(Bf16WeightCopy copy)
    {
        if (!copy.IsStale || Device.IsMeasuring) return;
        Device.Launch(DivUp(copy.Values.Count / 4, 256), 256, new RoundWeightsToBf16(copy.Begin, new(copy, copy.Begin), copy.Values.Count));
        copy.IsStale = false;
    }

    /// <summary>The bf16 copy of a weight; x itself where there is none, or x is bf16 already.</summary>
    Tensor Bf16CopyOf(Tensor x)
    {
        if (Weights is null || IsBf16(x) || !x.IsDense || Weights.At(Address(x.View)) is not { } copy) return x;
        Refresh(copy);
        return copy.Of(x, Address(x.View));
    }

    public override void AdamWUpdate(
        Tensor p, Tensor g, Tensor m, Tensor v, StepState state, float rate, float decay, float beta1, float beta2, float epsilon,
        Tensor teacher, Tensor momentum)
    {
        // In ranges that have one bf16 copy, or none.
        for (int start = 0, end; start < p.Count; start = end)
        {
            long begin = Address(p.View) + sizeof(float) * (long)start, rangeEnd = Address(p.View) + sizeof(float) * (long)p.Count;
            var copy = Weights?.At(begin);
            long to = copy is null ? Weights?.Next(begin, rangeEnd)?.Begin ?? rangeEnd : Math.Min(copy.End, rangeEnd);
            end = Math.Max(start + 1, (int)((to - begin) / sizeof(float)) + start);
            var (values, teacherValues) = (Part(p), teacher.Count > 0 ? Part(teacher) : default);
            var teacherCopy = teacher.Count > 0 ? Weights?.At(Address(teacherValues.View)) : null;
            if (copy is null || (teacher.Count > 0 && teacherCopy is null))
            {
                base.AdamWUpdate(values, Part(g), Part(m), Part(v), state, rate, decay, beta1, beta2, epsilon, teacherValues, momentum);
                continue;
            }
            // Runs are padded with zeros to a multiple of 16 values, which stay zeros.
            int count = DivUp(end - start, 4) * 4;
            Device.Launch(DivUp(count / 4, 256), 256, new AdamWBf16Copy(Address(values.View), Address(Part(g).View), Address(Part(m).View),
                Address(Part(v).View), Address(teacherValues.View), new(copy, begin),
                teacherCopy is null ? default : new(teacherCopy, Address(teacherValues.View)), Address(state.View), count, rate, decay,
                beta1, beta2, epsilon, teacher.Count > 0 ? Address(momentum.View) : 0));

            Tensor Part(Tensor all) => all.Columns(start, end - start);
        }
    }
}
