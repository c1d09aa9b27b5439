using ILGPU;

namespace Silc;

/// <summary>
/// A device function: the fields of a readonly struct are its arguments and <see cref="Execute"/> is what one thread does.
/// It compiles to PTX, OpenCL or .NET code, so it may use neither objects nor exceptions.
/// </summary>
public interface IKernel
{
    /// <summary>The work of one thread; <see cref="Grid"/> and <see cref="Group"/> say which thread this is.</summary>
    void Execute();
}

/// <summary>
/// The contiguous share of this group in a loop over <c>count</c> items. A kernel reads it once, before its loop: on the CPU
/// accelerator every read of a grid index is a thread-local lookup.
/// </summary>
static class Share
{
    public static int First(int count) => Grid.IdxX * ((count + Grid.DimX - 1) / Grid.DimX);

    public static int Last(int count)
    {
        int last = (Grid.IdxX + 1) * ((count + Grid.DimX - 1) / Grid.DimX);
        return last < count ? last : count;
    }
}
