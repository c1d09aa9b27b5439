using ILGPU;

namespace Silc;

/// <summary>
/// A kernel: the fields of a readonly struct are its arguments, and <see cref="Execute"/> is what one thread does. It compiles to PTX,
/// OpenCL or .NET code, so it may use neither objects nor exceptions.
/// </summary>
interface IKernel
{
    /// <summary>The work of one thread: its block is <see cref="Grid"/>.IdxX, its index in the block <see cref="Group"/>.IdxX.</summary>
    void Execute();
}

/// <summary>
/// The contiguous range of this block in a loop over <c>count</c> rows or elements. A kernel reads it
/// once, before its loop: on the CPU accelerator every read of a grid index is a thread-local lookup.
/// </summary>
static class BlockRange
{
    // The widest pack. Ranges of elements end at a multiple of it, so only the very last elements are computed one by one: scalar functions
    // may differ from a pack's in the last bit, and the bits must not depend on the number of blocks.
    const int PackAlignment = 16;

    public static int First(int count) => Grid.IdxX * PerBlock(count);

    public static int Last(int count) => Min((Grid.IdxX + 1) * PerBlock(count), count);

    // Clamped to the end: ILGPU 1.5.3 divides by powers of two with a shift, for which -9 / 16 is -1, so an empty range would have a tail.
    public static int FirstElement(int count) => Min(Grid.IdxX * PerBlock((count + PackAlignment - 1) / PackAlignment) * PackAlignment, count);

    public static int LastElement(int count) => Min((Grid.IdxX + 1) * PerBlock((count + PackAlignment - 1) / PackAlignment) * PackAlignment, count);

    static int PerBlock(int count) => (count + Grid.DimX - 1) / Grid.DimX;

    static int Min(int a, int b) => a < b ? a : b;
}
