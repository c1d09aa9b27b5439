using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// A CUDA event, which the host or another stream can wait for. On other devices, where the host is never a step ahead, it does nothing.
/// </summary>
sealed class DeviceEvent(Device device) : IDisposable
{
    nint happened;

    /// <summary>Records the event at the end of what is queued now.</summary>
    public void Record() => Record(device.Stream);

    /// <summary>Records the event on a stream.</summary>
    public void Record(AcceleratorStream stream)
    {
        if (!device.RunsAhead) return;
        if (happened == 0) CudaDriver.Check(CudaDriver.cuEventCreate(out happened, CudaDriver.WithoutTiming), "a new event");
        CudaDriver.Check(CudaDriver.cuEventRecord(happened, Pointer(stream)), "an event");
    }

    /// <summary>Waits until the device has reached the event.</summary>
    public void Synchronize()
    {
        if (happened != 0) CudaDriver.Check(CudaDriver.cuEventSynchronize(happened), "the wait for an earlier step");
    }

    /// <summary>True if the device has reached the event; asked by any thread, which then has the device's context.</summary>
    public bool HasHappened
    {
        get
        {
            if (happened == 0) return true;
            _ = CudaDriver.cuCtxSetCurrent(device.Accelerator.NativePtr);
            return CudaDriver.cuEventQuery(happened) == 0;
        }
    }

    /// <summary>Makes what is queued on a stream from now on wait for the event; the host does not wait.</summary>
    public void MakeWait(AcceleratorStream stream)
    {
        if (happened != 0) CudaDriver.Check(CudaDriver.cuStreamWaitEvent(Pointer(stream), happened, 0), "a stream that waits for another");
    }

    static nint Pointer(AcceleratorStream stream) => ((CudaStream)stream).StreamPtr;

    public void Dispose()
    {
        if (happened != 0) _ = CudaDriver.cuEventDestroy(happened);
        happened = 0;
    }
}
