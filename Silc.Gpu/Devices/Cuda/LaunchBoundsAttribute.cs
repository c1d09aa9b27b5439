namespace Silc;

/// <summary>Launch bounds of a CUDA kernel (__launch_bounds__), and its target architecture.</summary>
/// <param name="threads">Threads of a block (.maxntid), which bounds the registers of a thread.</param>
/// <param name="blocks">Blocks that must fit on a multiprocessor (.minnctapersm): the occupancy.</param>
[AttributeUsage(AttributeTargets.Struct)]
sealed class LaunchBoundsAttribute(int threads, int blocks = 1) : Attribute
{
    public int Threads => threads;
    public int Blocks => blocks;

    /// <summary>The architecture that the kernel needs, e.g. <c>sm_90a</c>; null for the target that ILGPU writes.</summary>
    public string? Target { get; init; }
}
