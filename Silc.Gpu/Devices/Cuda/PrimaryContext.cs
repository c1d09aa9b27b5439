using System.Runtime.CompilerServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// Puts an accelerator into its GPU's primary context, the only one that NCCL works in (NCCL issues 565 and 1736); ILGPU makes a context of its own.
/// To be made before anything is allocated, and disposed before the accelerator. Threads: under the device's lock.
/// </summary>
sealed class PrimaryContext : IDisposable
{
    readonly CudaAccelerator accelerator;
    readonly nint own;

    public PrimaryContext(CudaAccelerator accelerator)
    {
        (this.accelerator, own) = (accelerator, accelerator.NativePtr);
        CudaDriver.Check(CudaDriver.cuDevicePrimaryCtxRetain(out var primary, accelerator.DeviceId), "the GPU's primary context");
        Use(primary);
    }

    // Bind is skipped for an accelerator that is bound already, whatever its context is now.
    void Use(nint context)
    {
        SetNativePtr(accelerator, context);
        CudaDriver.Check(CudaDriver.cuCtxSetCurrent(context), "a context made current");
    }

    /// <summary>Gives the accelerator back the context that it will destroy.</summary>
    public void Dispose()
    {
        Use(own);
        _ = CudaDriver.cuDevicePrimaryCtxRelease(accelerator.DeviceId);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_NativePtr")]
    static extern void SetNativePtr(Accelerator accelerator, nint value);
}
