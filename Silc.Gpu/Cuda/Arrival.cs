namespace Silc;

/// <summary>
/// The last block to come of several that share a counter in device memory: what the others stored before is there for it to read. A counter is 0
/// before and after, so that launches follow each other without setting it back. Nothing waits, so blocks may run in any order.
/// </summary>
static class Arrival
{
    /// <summary>Shared memory that <see cref="IsLast"/> needs for itself.</summary>
    public const int SharedBytes = 16;

    /// <summary>By all threads of a block, each behind its stores: true in the last block of so many.</summary>
    public static bool IsLast(long counter, int blocks, int thread, int shared)
    {
        Ptx.SyncThreads();
        Ptx.Arrive(counter, blocks - 1, thread, shared);
        Ptx.SyncThreads();
        return (int)Ptx.LoadSharedWord(shared) == blocks - 1;
    }
}
