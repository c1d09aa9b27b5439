using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// The losses of a step on the device: an element for each <see cref="LossTerm"/>, without its weight. Losses add to their element; the step's
/// check (<see cref="Ops.GradNorm"/>) reads them all. Threads: one at a time.
/// </summary>
sealed class LossBuffer(Device device) : IDisposable
{
    readonly MemoryBuffer1D<float, Stride1D.Dense> buffer = device.Allocate(LossTerm.All.Count + 1, "losses");

    /// <summary>All of them (1, number of terms).</summary>
    public Tensor Values => new(buffer.View.AsContiguous().SubView(0, LossTerm.All.Count), 1, LossTerm.All.Count);

    /// <summary>Sum of squares of the gradients of parameters that losses have for themselves (1, 1).</summary>
    public Tensor Squares => new(buffer.View.AsContiguous().SubView(LossTerm.All.Count, 1), 1, 1);

    /// <summary>Queues zeros, for the next step.</summary>
    public void Clear(Ops ops) => ops.Fill(Values, 0);

    /// <summary>Adds the sum of <paramref name="rowLoss"/>, which holds <paramref name="weight"/> times the loss, to the term's element.</summary>
    public void Add(Ops ops, LossTerm term, Tensor rowLoss, double weight) => ops.AddSum(rowLoss, Values, term.Index, (float)(1 / weight));

    /// <summary>Frees the memory.</summary>
    public void Dispose() => device.Free(buffer);
}
