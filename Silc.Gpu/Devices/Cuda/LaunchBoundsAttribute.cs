namespace Silc;

/// <summary>What the assembler has to know of a CUDA kernel and ILGPU does not say.</summary>
/// <param name="threads">Threads of a block: bounds the registers of each.</param>
/// <param name="blocks">Blocks that are to fit on a multiprocessor at the same time.</param>
[AttributeUsage(AttributeTargets.Struct)]
sealed class LaunchBoundsAttribute(int threads, int blocks = 1) : Attribute
{
    public int Threads => threads;
    public int Blocks => blocks;

    /// <summary>The architecture whose own instructions it uses, e.g. <c>sm_90a</c>; null for what ILGPU writes.</summary>
    public string? Target { get; init; }
}
