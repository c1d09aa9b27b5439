namespace Silc;

/// <summary>
/// The average of all weights over a run, θ̄ ← m θ̄ + (1 - m) θ after every step, which can be used in their place: Polyak and Juditsky
/// 1992; in SILC's ablation it is the row between additional views and self-distillation. Unlike the <see cref="Teacher"/> it holds the text tower
/// too, and nothing is learned from it. Threads: as for <see cref="SilcModel"/>.
/// </summary>
sealed class WeightAverage : IDisposable
{
    readonly Parameters parameters;
    readonly ILGPU.Runtime.MemoryBuffer1D<float, ILGPU.Stride1D.Dense> buffer;

    internal WeightAverage(SilcModel student)
    {
        parameters = student.Parameters;
        buffer = student.Device.Allocate(parameters.Values.Cols, "weight average");
        Values = new(buffer.View.AsContiguous(), 1, parameters.Values.Cols);
        student.Device.Ops.Copy(parameters.Values, Values);
    }

    /// <summary>All averages as one row, in the order of <see cref="Parameters.Values"/>.</summary>
    internal Tensor Values { get; }

    /// <summary>Puts the averages in the place of the student's weights, which are lost: after training, to evaluate or save them.</summary>
    /// <exception cref="ObjectDisposedException">The average, its model or the device was disposed.</exception>
    public void Use()
    {
        using var exclusive = parameters.Exclusive(nameof(SilcModel));
        ObjectDisposedException.ThrowIf(buffer.IsDisposed, this);
        parameters.Device.Ops.Copy(Values, parameters.Values);
    }

    internal void Follow(Ops ops, StepState state) => ops.EmaUpdate(Values, parameters.Values, state.TeacherMomentum, state);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => parameters.Device.Free(buffer);
}
