using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Kernels of a processor behind OpenCL: compiled by ILGPU, prepared by <see cref="ClSource"/>, loaded by the driver.</summary>
static class ClKernels
{
    public static Action<KernelConfig, TKernel> Load<TKernel>(Accelerator accelerator) where TKernel : struct, IKernel
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(((Action<TKernel>)Device.Entry.Run).Method);
        var compiled = (CLCompiledKernel)Backend(accelerator).Compile(entry, new KernelSpecialization());
        ClSource.Prepare(compiled);
        var launch = accelerator.LoadKernel(compiled).CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
        var stream = accelerator.DefaultStream;
        return (config, kernel) => launch(stream, config, kernel);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Backend")]
    static extern Backend Backend(Accelerator accelerator);
}
