using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// A place in a device's queue that the host, or another queue, can wait for: an event on CUDA, where the host may be a step ahead; elsewhere
/// there is none.
/// </summary>
sealed class DeviceEvent(Device device) : IDisposable
{
    nint happened;

    /// <summary>Marks the end of what is queued now.</summary>
    public void Set() => Set(device.Stream);

    /// <summary>Marks the end of what is queued now on a stream.</summary>
    public void Set(AcceleratorStream stream)
    {
        if (!device.RunsAhead) return;
        if (happened == 0) CudaDriver.Check(CudaDriver.cuEventCreate(out happened, CudaDriver.WithoutTiming), "a new event");
        CudaDriver.Check(CudaDriver.cuEventRecord(happened, Pointer(stream)), "an event");
    }

    /// <summary>Waits until the device has come to the mark that was set last.</summary>
    public void Await()
    {
        if (happened != 0) CudaDriver.Check(CudaDriver.cuEventSynchronize(happened), "the wait for an earlier step");
    }

    /// <summary>What is queued on a stream from now on waits for the mark that was set last; the host does not.</summary>
    public void Hold(AcceleratorStream stream)
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
