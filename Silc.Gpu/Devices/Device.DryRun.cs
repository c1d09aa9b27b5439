namespace Silc;

// Dry runs: work is measured without launching it.
public sealed partial class Device
{
    /// <summary>
    /// A dry run: no kernel of the work is launched. Uploads happen, because constants are made here. On OpenCL the kernels that the
    /// work would launch become one program, built beside the caller.
    /// </summary>
    internal void DryRun(Action work)
    {
        using var exclusive = Exclusive();
        var (launcher, ops) = (Launcher, Ops);
        (Launcher, Ops) = (new MeasuringLauncher(kernels), ops.Untimed);
        try
        {
            work();
        }
        finally
        {
            (Launcher, Ops) = (launcher, ops);
            kernels?.Build();
        }
    }

    /// <summary>True inside of <see cref="DryRun"/>, for what notes on the host that the device has done something.</summary>
    internal bool IsMeasuring => Launcher is MeasuringLauncher;

    /// <summary>Programs of kernels that are built on a processor behind OpenCL.</summary>
    internal int Programs => kernels?.Programs ?? 0;

    sealed class MeasuringLauncher(ClKernels? kernels) : ILauncher
    {
        public void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            kernels?.Expect<TKernel>();
    }
}
