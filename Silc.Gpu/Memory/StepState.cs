using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// State of the step on the device, as of a gradient scaler, so that the host need not wait: found-inf (unless loss and gradient are finite,
/// the optimizer updates nothing), the factor of gradient clipping, Adam's bias corrections, and the sums that <see cref="StepMetrics"/> is
/// read from. Learning rate, decay and the schedules of self-distillation come from the host, before the step. Threads: one at a time.
/// </summary>
sealed class StepState : IDisposable
{
    internal const int Finite = 0, Clip = 1, Correction1 = 2, Correction2 = 3, Updates = 4, Skipped = 5, SkippedInRow = 6,
        FirstSums = 7, SumNorm = 9, Counted = 10, LearningRate = 11, Decay = 12, MoreSums = 13;

    /// <summary>Number of values; checkpoints with fewer lack sums of losses that are newer than they.</summary>
    internal static int Size { get; } = Math.Max(16, SumOf(LossTerm.All.Count));

    /// <summary>
    /// Where the sum of a loss stands, by <see cref="LossTerm.Index"/>: the first two at 7 and 8, as checkpoints have them, the others from 13 on.
    /// </summary>
    internal static int SumOf(int slot) => slot < 2 ? FirstSums + slot : MoreSums + slot - 2;

    readonly Device device;
    readonly MemoryBuffer1D<float, Stride1D.Dense> buffer, schedules;
    readonly float[] scheduled = [float.NaN, float.NaN, float.NaN, float.NaN, float.NaN];

    internal StepState(Device device)
    {
        this.device = device;
        buffer = device.Allocate(Size, "step state");
        try
        {
            schedules = device.Allocate(scheduled.Length, "schedules");
        }
        catch
        {
            device.Free(buffer);
            throw;
        }
        device.Zero(View);
    }

    /// <summary>Momentum of the teacher (1, 1).</summary>
    internal Tensor TeacherMomentum => Scheduled(0);

    /// <summary>Momentum of the center (1, 1).</summary>
    internal Tensor CenterMomentum => Scheduled(1);

    /// <summary>1 / τ of the teacher (1, 1).</summary>
    internal Tensor TeacherSharpness => Scheduled(2);

    /// <summary>0 while the last layer of the head is frozen, then 1, (1, 1).</summary>
    internal Tensor LastLayerBegun => Scheduled(3);

    /// <summary>1 (1, 1).</summary>
    internal Tensor Always => Scheduled(4);

    internal ArrayView<float> View => buffer.View.AsContiguous();

    /// <summary>
    /// Queues what the schedule says for the next update. Kernels read it here, so that their arguments are the same in every step.
    /// </summary>
    internal void Set(double learningRate, double decay)
    {
        device.Ops.Fill(Cell(LearningRate), (float)learningRate);
        device.Ops.Fill(Cell(Decay), (float)decay);
    }

    /// <summary>Queues what self-distillation's schedules say for the next step, where it differs from the step before.</summary>
    internal void SetDistillation(double teacherMomentum, double centerMomentum, double teacherTemperature, bool lastLayerBegun)
    {
        float[] next = [(float)teacherMomentum, (float)centerMomentum, 1 / (float)teacherTemperature, lastLayerBegun ? 1 : 0, 1];
        for (int i = 0; i < next.Length; i++)
            if (next[i] != scheduled[i]) device.Ops.Fill(Scheduled(i), scheduled[i] = next[i]);
    }

    Tensor Scheduled(int index) => new(schedules.View.AsContiguous().SubView(index, 1), 1, 1);

    Tensor Cell(int index) => new(View.SubView(index, 1), 1, 1);

    internal Tensor Values => new(View, 1, Size);

    internal float[] Read() => device.Download(View);

    /// <summary>Starts new sums; the counts of updates and skipped steps go on.</summary>
    internal void ResetSums()
    {
        device.Zero(View.SubView(FirstSums, Counted - FirstSums + 1));
        device.Zero(View.SubView(MoreSums, Size - MoreSums));
    }

    /// <summary>
    /// Sets what <see cref="Read"/> returned: Adam's bias correction counts updates, and sums go on to the next report. What a shorter
    /// state lacks is 0.
    /// </summary>
    internal void Write(float[] state) => device.Upload<float>([.. state, .. new float[Size - state.Length]], View);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        device.Free(buffer);
        device.Free(schedules);
    }
}
