using ILGPU;

namespace Silc;

/// <summary>
/// Reductions over the threads of a group, through shared memory: OpenCL's own group functions are missing on PoCL 3.1. The order of
/// additions is fixed, so the bits are the same every run. On the CPU a group is one thread and nothing is done.
/// </summary>
static class BlockReduce
{
    /// <summary>Largest group that a kernel with a reduction may be launched with.</summary>
    public const int MaxThreads = 256;

    /// <summary>The sum of every lane's value, in every lane. All lanes must call it.</summary>
    public static float Sum(float value, int lane, int lanes)
    {
        if (lanes == 1) return value;
        var shared = SharedMemory.Allocate<float>(MaxThreads);
        Group.Barrier();        // an earlier reduction may still be read
        shared[lane] = value;
        Group.Barrier();
        for (int half = lanes / 2; half > 0; half /= 2)
        {
            if (lane < half) shared[lane] += shared[lane + half];
            Group.Barrier();
        }
        return shared[0];
    }

    /// <summary>The largest of every lane's value, in every lane. All lanes must call it.</summary>
    public static float Max(float value, int lane, int lanes)
    {
        if (lanes == 1) return value;
        var shared = SharedMemory.Allocate<float>(MaxThreads);
        Group.Barrier();
        shared[lane] = value;
        Group.Barrier();
        for (int half = lanes / 2; half > 0; half /= 2)
        {
            if (lane < half && shared[lane + half] > shared[lane]) shared[lane] = shared[lane + half];
            Group.Barrier();
        }
        return shared[0];
    }
}
