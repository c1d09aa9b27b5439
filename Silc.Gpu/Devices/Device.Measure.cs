namespace Silc;

// How much memory work needs, before there is any.
public sealed partial class Device
{
    /// <summary>
    /// A dry run: walks through work without memory or launches, and returns the floats that it has in use at once: the size for
    /// <see cref="Arena.Allocate"/>. Uploads happen, for constants come into being here. On OpenCL the kernels that the work would launch
    /// become one program, built beside the caller.
    /// </summary>
    /// <param name="work">Is given the arena to work in; may reset it to do one thing after another.</param>
    public long Measure(Action<Arena> work)
    {
        using var turn = Turn();
        using var arena = Arena.WithoutMemory(this);
        var (launcher, ops) = (Launcher, Ops);
        (Launcher, Ops) = (new MeasuringLauncher(kernels), (ops as ProfiledOps)?.Inner ?? ops);
        try
        {
            work(arena);
        }
        finally
        {
            (Launcher, Ops) = (launcher, ops);
            kernels?.Build();
        }
        return arena.Peak;
    }

    /// <summary>True inside of <see cref="Measure"/>, for what notes on the host that the device has done something.</summary>
    internal bool IsMeasuring => Launcher is MeasuringLauncher;

    /// <summary>Programs of kernels that are built on a processor behind OpenCL.</summary>
    internal int Programs => kernels?.Programs ?? 0;

    sealed class MeasuringLauncher(ClKernels? kernels) : ILauncher
    {
        public void Launch<TKernel>(int groups, int lanes, TKernel kernel, int dynamicBytes) where TKernel : struct, IKernel =>
            kernels?.Expect<TKernel>();
    }
}
