using ILGPU;

namespace Silc;

/// <summary>
/// Reductions over a thread block (a work-group of OpenCL), through shared memory: PoCL 3.1 lacks OpenCL's work-group functions. The order
/// of additions is fixed, so the bits are the same every run. On processors a block is one thread, and the value is returned.
/// </summary>
static class BlockReduce
{
    /// <summary>Largest block that a kernel with a reduction may be launched with.</summary>
    public const int MaxThreads = 256;

    /// <summary>The sum over all threads of the block, in every thread. All threads must call it.</summary>
    public static float Sum(float value, int thread, int threads)
    {
        if (threads == 1) return value;
        var shared = SharedMemory.Allocate<float>(MaxThreads);
        Group.Barrier();        // the previous reduction may still be read
        shared[thread] = value;
        Group.Barrier();
        for (int half = threads / 2; half > 0; half /= 2)
        {
            if (thread < half) shared[thread] += shared[thread + half];
            Group.Barrier();
        }
        return shared[0];
    }

    /// <summary>The maximum over all threads of the block, in every thread. All threads must call it.</summary>
    public static float Max(float value, int thread, int threads)
    {
        if (threads == 1) return value;
        var shared = SharedMemory.Allocate<float>(MaxThreads);
        Group.Barrier();
        shared[thread] = value;
        Group.Barrier();
        for (int half = threads / 2; half > 0; half /= 2)
        {
            if (thread < half && shared[thread + half] > shared[thread]) shared[thread] = shared[thread + half];
            Group.Barrier();
        }
        return shared[0];
    }
}
