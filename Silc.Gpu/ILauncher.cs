namespace Silc;

/// <summary>Runs kernels.</summary>
interface ILauncher
{
    /// <summary>Runs <paramref name="groups"/> groups of <paramref name="lanes"/> threads.</summary>
    void Launch<TKernel>(int groups, int lanes, TKernel kernel) where TKernel : struct, IKernel;
}
