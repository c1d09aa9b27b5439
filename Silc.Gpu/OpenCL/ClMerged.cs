namespace Silc;

/// <summary>
/// Six kernels in one, of which a launch runs number <c>which</c>: the driver
/// takes 80 ms to compile the smallest kernel, and not much more for several.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClMerged<A, B, C, D, E, F>(int which, A a, B b, C c, D d, E e, F f) : IKernel
    where A : struct, IKernel where B : struct, IKernel where C : struct, IKernel
    where D : struct, IKernel where E : struct, IKernel where F : struct, IKernel
{
    public void Execute()
    {
        if (which == 0) a.Execute();
        else if (which == 1) b.Execute();
        else if (which == 2) c.Execute();
        else if (which == 3) d.Execute();
        else if (which == 4) e.Execute();
        else f.Execute();
    }
}
