using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Memory that a worker thread keeps for itself between calls: it grows to the largest request and is returned when the thread has ended.
/// Its content does not outlive a call, and a second request for the same buffer overwrites the first.
/// </summary>
sealed unsafe class ThreadScratch
{
    const nuint CacheLine = 64;

    [ThreadStatic] static ThreadScratch? packing, attention;

    float* memory;
    nint length;

    /// <summary>The thread's buffer for packed operands, aligned to a cache line.</summary>
    public static float* Packing(nint floats) => (packing ??= new()).Reserve(floats);

    /// <summary>The thread's buffer for attention, which multiplies (and so packs) while it holds this one.</summary>
    public static float* Attention(nint floats) => (attention ??= new()).Reserve(floats);

    float* Reserve(nint floats)
    {
        if (floats > length)
        {
            NativeMemory.AlignedFree(memory);
            memory = null;  // so that a failed allocation is not freed twice
            length = 0;
            memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), CacheLine);
            length = floats;
        }
        return memory;
    }

    ~ThreadScratch() => NativeMemory.AlignedFree(memory);
}
