using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>A place in a device's queue that the host can wait for: an event on CUDA, where the host may be a step ahead; elsewhere there is none.</summary>
sealed class QueueMark(Device device) : IDisposable
{
    nint happened;

    /// <summary>Marks the end of what is queued now.</summary>
    public void Set()
    {
        if (!device.RunsAhead) return;
        if (happened == 0) CudaDriver.Check(CudaDriver.cuEventCreate(out happened, CudaDriver.WithoutTiming), "a new event");
        CudaDriver.Check(CudaDriver.cuEventRecord(happened, Stream), "an event");
    }

    /// <summary>Waits until the device has come to the mark that was set last.</summary>
    public void Await()
    {
        if (happened != 0) CudaDriver.Check(CudaDriver.cuEventSynchronize(happened), "the wait for an earlier step");
    }

    nint Stream => ((CudaStream)device.Stream).StreamPtr;

    public void Dispose()
    {
        if (happened != 0) _ = CudaDriver.cuEventDestroy(happened);
        happened = 0;
    }
}
