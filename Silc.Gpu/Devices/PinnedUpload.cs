using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Floats on the device that are replaced every step. On CUDA they pass through page-locked memory of the host, into which several threads copy,
/// and from which the device fetches them while the host goes on: with 157 MB of pixels a step, the copy out of a managed array holds up the
/// host, and so the launches, for 15 ms.
/// </summary>
sealed class PinnedUpload : IDisposable
{
    // Floats that a thread copies at a time.
    const int Piece = 1 << 18;

    readonly Device device;
    readonly MemoryBuffer1D<float, Stride1D.Dense> memory;
    readonly PageLockedArray1D<float>? host;

    public PinnedUpload(Device device, long floats, string what)
    {
        this.device = device;
        memory = device.Allocate(floats, what);
        host = device.Stages ? device.PageLocked<float>(floats) : null;
    }

    public ArrayView<float> View => memory.View.AsContiguous();

    public long Length => memory.Length;

    /// <summary>
    /// Copies into this buffer from <paramref name="at"/> on, beside the kernels; <paramref name="from"/> is free again afterwards. Kernels wait
    /// for it from <see cref="Device.AwaitCopies"/> on. None that uses the buffer may be on its way.
    /// </summary>
    public unsafe void Put(ReadOnlySpan<float> from, int at)
    {
        if (from.Length == 0) return;
        if (host is null)
        {
            device.UploadBeside(from, View.SubView(at, from.Length));
            return;
        }
        fixed (float* source = from)
        {
            var (start, count) = ((nint)source, from.Length);
            Parallel.For(0, (count + Piece - 1) / Piece, piece =>
            {
                int first = piece * Piece, length = Math.Min(Piece, count - first);
                new ReadOnlySpan<float>((float*)start + first, length).CopyTo(host.Span.Slice(at + first, length));
            });
        }
        device.CopyBeside(ref host.Span[at], View.SubView(at, from.Length));
    }

    public void Dispose()
    {
        device.Free(memory);
        host?.Dispose();
    }
}
