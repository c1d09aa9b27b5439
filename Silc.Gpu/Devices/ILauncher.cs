namespace Silc;

/// <summary>Runs kernels.</summary>
interface ILauncher
{
    /// <summary>
    /// Runs <paramref name="groups"/> groups of <paramref name="lanes"/> threads, each with so many bytes of shared memory beside what the kernel
    /// itself sets aside.
    /// </summary>
    void Launch<TKernel>(int groups, int lanes, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel;
}
