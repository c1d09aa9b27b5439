using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// The only place that chooses the backend of a device. It depends on all backends and registers itself with
/// <see cref="Device"/> and <see cref="Ops"/>, which stand below them, so that neither names a backend.
/// </summary>
static class BackendChoice
{
    // The runtime calls it before any other code of this assembly.
#pragma warning disable CA2255      // meant for libraries whose users must not have to call anything first
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        Device.Instructions = static builder =>
        {
            PtxCompiler.Register(builder);
            ClCompiler.Register(builder);
        };
        Ops.OfBackend = static device => device.Kind switch
        {
            DeviceKind.Cuda => Cuda(device),
            DeviceKind.Cpu => new CpuOps(device),
            _ when device.Info.IsProcessor => new ClOps(device),
            _ => new ClGpuOps(device),
        };
    }

    static CudaOps Cuda(Device device)
    {
        PtxPlacement.Keep(((CudaAccelerator)device.Accelerator).Backend);
        return new(device, device.Precision);
    }
}
