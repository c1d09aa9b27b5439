using ILGPU;
using ILGPU.Runtime;

namespace Silc;

// Scratch memory that all operations share.
public sealed partial class Device
{
    MemoryBuffer1D<float, Stride1D.Dense>? workspace;
    MemoryBuffer1D<int, Stride1D.Dense>? counters;
    long workspaceFloats, counterCount;

    /// <summary>
    /// Scratch for the launches of one operation: valid until the next operation asks. Work is in order, so all share one buffer,
    /// which grows to the largest request; <see cref="DryRun"/> finds that before training starts.
    /// </summary>
    internal ArrayView<float> Workspace(long floats)
    {
        Reserve(ref workspace, ref workspaceFloats, floats, "scratch memory");
        return IsMeasuring ? default : workspace!.View.AsContiguous().SubView(0, floats);
    }

    /// <summary>
    /// Counters for kernels whose blocks count themselves: all zero before and after each launch. Shared and growing as <see cref="Workspace"/>.
    /// </summary>
    internal ArrayView<int> Counters(int count)
    {
        if (Reserve(ref counters, ref counterCount, count, "counters")) counters!.MemSetToZero(Stream);
        return IsMeasuring ? default : counters!.View.AsContiguous();
    }

    // Makes room for so many elements, and for the most that was asked for before; true if the memory is new. None in a dry run.
    bool Reserve<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, ref long most, long count, string what) where T : unmanaged
    {
        most = Math.Max(most, count);
        if (IsMeasuring || buffer is not null && buffer.Length >= count) return false;
        Synchronize();
        Free(buffer);
        buffer = null;      // so that one that finds no room leaves no freed memory
        buffer = Allocate<T>(most, what);
        return true;
    }
}
