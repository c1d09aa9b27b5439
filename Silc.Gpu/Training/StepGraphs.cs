using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// The launches of a step as CUDA graphs, one for each of the two places that batches lie in, and again for steps of another kind. The first step
/// of each place runs as it is: it loads kernels and lets scratch memory grow, neither of which can be recorded. Used where
/// <see cref="Device.CudaGraphs"/> is true. Exchanges between ranks cannot be recorded.
/// </summary>
/// <param name="device">Where steps run.</param>
/// <param name="collective">The ranks.</param>
/// <param name="changes">Batches have other numbers of tokens each: launches have other arguments, and are not recorded.</param>
sealed class StepGraphs(Device device, ICollective collective, bool changes = false) : IDisposable
{
    readonly CudaGraph?[] graphs = new CudaGraph?[4];
    readonly bool[] warm = new bool[4];
    long allocations;
    readonly bool wanted = device.Kind == DeviceKind.Cuda && collective.IsAlone && device.CudaGraphs && !changes;

    /// <summary>Queues the launches of a step whose batch lies in a place; they must be those of the last step there of its kind.</summary>
    public void Queue(int place, bool other, Action launches)
    {
        if (other) place += 2;
        if (!wanted || device.IsObserved)
        {
            launches();
            return;
        }
        // An allocation since the recording may have moved scratch memory, whose address the graph holds.
        if (device.Allocations != allocations) Reset();
        if (!warm[place])
        {
            launches();
            (warm[place], allocations) = (true, device.Allocations);
            return;
        }
        graphs[place] ??= CudaGraph.Record(((CudaStream)device.Stream).StreamPtr, launches);
        graphs[place]!.Launch();
    }

    /// <summary>From now on the launches are others; they are recorded anew.</summary>
    public void Reset()
    {
        Array.Clear(warm);
        foreach (ref var graph in graphs.AsSpan())
        {
            graph?.Dispose();
            graph = null;
        }
    }

    public void Dispose() => Reset();
}
