namespace Silc;

/// <summary>Launches kernels.</summary>
interface ILauncher
{
    /// <summary>
    /// Launches a grid of <paramref name="blocks"/> blocks of <paramref name="threads"/>
    /// threads, with so many bytes of dynamic shared memory a block.
    /// </summary>
    void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel;
}
