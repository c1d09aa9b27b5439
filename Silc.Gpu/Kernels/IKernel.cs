using ILGPU;

namespace Silc;

/// <summary>
/// A device function: the fields of a readonly struct are its arguments and <see cref="Execute"/> is what one thread does.
/// It compiles to PTX, OpenCL or .NET code, so it may use neither objects nor exceptions.
/// </summary>
interface IKernel
{
    /// <summary>The work of one thread; <see cref="Grid"/> and <see cref="Group"/> say which thread this is.</summary>
    void Execute();
}

/// <summary>
/// The contiguous share of this group in a loop over <c>count</c> rows or elements. A kernel reads it once, before its loop: on the CPU
/// accelerator every read of a grid index is a thread-local lookup.
/// </summary>
static class BlockShare
{
    // The widest pack. Shares of elements end at a multiple of it: only the last ones of all are computed one by one, whose functions
    // differ from a pack's in the last bit, and the bits do not depend on the number of threads.
    const int Block = 16;

    public static int First(int count) => Grid.IdxX * Each(count);

    public static int Last(int count) => Least((Grid.IdxX + 1) * Each(count), count);

    // Never past the end: ILGPU 1.5.3 divides by powers of two with a shift, for which -9 / 16 is -1: an empty share would have
    // a tail.
    public static int FirstElement(int count) => Least(Grid.IdxX * Each((count + Block - 1) / Block) * Block, count);

    public static int LastElement(int count) => Least((Grid.IdxX + 1) * Each((count + Block - 1) / Block) * Block, count);

    static int Each(int count) => (count + Grid.DimX - 1) / Grid.DimX;

    static int Least(int a, int b) => a < b ? a : b;
}
