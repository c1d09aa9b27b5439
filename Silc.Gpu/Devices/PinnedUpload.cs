using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// A device buffer that is replaced every step. On CUDA it is uploaded asynchronously through pinned host memory, into which several
/// threads copy: a synchronous copy of 157 MB of pixels out of a managed array delays the launches of a step by 15 ms. Pixels that are those
/// of an 8-bit image go as bytes and become floats there, with the same bits.
/// </summary>
sealed class PinnedUpload : IDisposable
{
    // Floats that a host thread copies at a time.
    const int ChunkFloats = 1 << 18;

    readonly Device device;
    readonly MemoryBuffer1D<float, Stride1D.Dense> memory;
    readonly PageLockedArray1D<float>? host;
    readonly string what;
    PixelBytes? bytes;
    bool hasNoRoom;

    public PinnedUpload(Device device, long floats, string what)
    {
        (this.device, this.what) = (device, what);
        memory = device.Allocate(floats, what);
        host = device.PinsUploads ? device.AllocatePinned<float>(floats) : null;
    }

    public ArrayView<float> View => memory.View.AsContiguous();

    public long Length => memory.Length;

    /// <summary>
    /// Copies into this buffer from <paramref name="at"/> on, concurrently with kernels; <paramref name="from"/> may be reused on return.
    /// Kernels that are launched after <see cref="Ready"/> see it. No kernel that uses the buffer may be queued.
    /// </summary>
    public unsafe void Put(ReadOnlySpan<float> from, int at)
    {
        if (from.Length == 0) return;
        if (host is null)
        {
            device.UploadOnCopyStream(from, View.SubView(at, from.Length));
            return;
        }
        if (PixelBytes.TryPack(from, at, host.Span.Slice(at, from.Length)) && Bytes() is { } packed)
        {
            packed.Put(host.Span.Slice(at, from.Length), at);
            SentBytes += from.Length;
            return;
        }
        bytes?.Forget(at, from.Length);
        SentBytes += (long)from.Length * sizeof(float);
        fixed (float* source = from)
        {
            var (start, count) = ((nint)source, from.Length);
            Parallel.For(0, (count + ChunkFloats - 1) / ChunkFloats, chunk =>
            {
                int first = chunk * ChunkFloats, length = Math.Min(ChunkFloats, count - first);
                new ReadOnlySpan<float>((float*)start + first, length).CopyTo(host.Span.Slice(at + first, length));
            });
        }
        device.CopyAsync(ref host.Span[at], View.SubView(at, from.Length));
    }

    /// <summary>What went over the bus by way of page-locked memory so far.</summary>
    public long SentBytes { get; private set; }

    /// <summary>Kernels that are launched from now on wait for what was put; the host does not.</summary>
    public void Ready()
    {
        device.WaitForCopies();
        Unpack();
    }

    /// <summary>The same where <see cref="Device.WaitForCopies"/> was called for several buffers.</summary>
    public void Unpack() => bytes?.Unpack(View);

    // Made for the first range of bytes; without room for it, floats go on as they are.
    PixelBytes? Bytes()
    {
        if (bytes is not null || hasNoRoom) return bytes;
        try
        {
            return bytes = new(device, memory.Length, what);
        }
        catch (InvalidOperationException)
        {
            hasNoRoom = true;
            return null;
        }
    }

    public void Dispose()
    {
        device.Free(memory);
        bytes?.Dispose();
        host?.Dispose();
    }
}
