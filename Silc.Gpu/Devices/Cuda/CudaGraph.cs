namespace Silc;

/// <summary>
/// A CUDA graph: captured launches that are replayed as one. For small models the host cannot queue a thousand launches a step as fast as
/// the GPU runs them. All memory that the launches use must stay where it is.
/// </summary>
sealed class CudaGraph : IDisposable
{
    // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: calls of other threads do not invalidate the capture.
    const int ThisThread = 1;

    readonly nint stream, executable;

    CudaGraph(nint stream, nint executable) => (this.stream, this.executable) = (stream, executable);

    /// <summary>Captures what <paramref name="launches"/> queues on the stream, without running it.</summary>
    public static CudaGraph Record(nint stream, Action launches)
    {
        CudaDriver.Check(CudaDriver.cuStreamBeginCapture(stream, ThisThread), "the recording of a step");
        nint graph;
        try
        {
            launches();
        }
        finally
        {
            // Also after an exception, or the stream would stay in capture mode.
            var error = CudaDriver.cuStreamEndCapture(stream, out graph);
            CudaDriver.Check(error, "the end of a recording");
        }
        try
        {
            CudaDriver.Check(CudaDriver.cuGraphInstantiateWithFlags(out var executable, graph, 0), "a graph of a step");
            return new(stream, executable);
        }
        finally
        {
            _ = CudaDriver.cuGraphDestroy(graph);
        }
    }

    /// <summary>Replays the launches.</summary>
    public void Launch() => CudaDriver.Check(CudaDriver.cuGraphLaunch(executable, stream), "the launch of a graph");

    /// <summary>Frees the driver's copy, which a launch that is still running keeps until it ends.</summary>
    public void Dispose() => _ = CudaDriver.cuGraphExecDestroy(executable);
}
