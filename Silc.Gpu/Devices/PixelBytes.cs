using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Pixels on their way to the device as bytes: a quarter of what floats take on the bus, and the same bits behind it (<see cref="EightBitPixels"/>).
/// Views that were resized by <see cref="ResampleFilter.Tf"/> or made with <see cref="ViewConfig.EightBit"/>, and images as PIL resizes
/// them, are such pixels. Threads: one at a time.
/// </summary>
sealed class PixelBytes : IDisposable
{
    // Pixels that a host thread packs at a time.
    const int Chunk = 1 << 18, PerWord = sizeof(int);

    readonly Device device;
    readonly MemoryBuffer1D<int, Stride1D.Dense> words;
    readonly MemoryBuffer1D<float, Stride1D.Dense> values = null!;
    readonly List<(int At, int Count)> waiting = [];

    /// <param name="device">Where they go.</param>
    /// <param name="floats">Of the buffer in which they end as floats.</param>
    /// <param name="what">Of that buffer.</param>
    /// <exception cref="InvalidOperationException">The device has no room.</exception>
    public PixelBytes(Device device, long floats, string what)
    {
        this.device = device;
        words = device.Allocate<int>((floats + PerWord - 1) / PerWord, what + " as bytes");
        try
        {
            values = device.Allocate(EightBitPixels.Values.Length, what + " as bytes");
            device.Upload(EightBitPixels.Values, values.View.AsContiguous());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Writes a range that begins at a whole word as bytes; false if a pixel is none, which a look at a few finds in most.</summary>
    /// <param name="from">The pixels.</param>
    /// <param name="at">Where they go in the buffer.</param>
    /// <param name="to">Page-locked memory of their length in floats.</param>
    public static unsafe bool TryPack(ReadOnlySpan<float> from, int at, Span<float> to)
    {
        if (at % PerWord != 0 || !LooksPacked(from)) return false;
        fixed (float* source = from)
        fixed (float* target = to)
        {
            var (pixels, bytes, count) = ((nint)source, (nint)target, from.Length);
            return Parallel.For(0, (count + Chunk - 1) / Chunk, (chunk, loop) =>
            {
                int first = chunk * Chunk, length = Math.Min(Chunk, count - first);
                if (!EightBitPixels.TryPack(new((float*)pixels + first, length), new((byte*)bytes + first, length))) loop.Stop();
            }).IsCompleted;
        }
    }

    /// <summary>Queues the copy of a packed range.</summary>
    public void Put(Span<float> packed, int at)
    {
        var from = MemoryMarshal.Cast<float, int>(packed)[..Words(packed.Length)];
        device.CopyAsync(ref from[0], words.View.SubView(at / PerWord, from.Length).AsContiguous());
        // Images that are put one behind the other become floats in one launch.
        if (waiting is [.., var last] && last.At + last.Count == at) waiting[^1] = (last.At, last.Count + packed.Length);
        else waiting.Add((at, packed.Length));
    }

    /// <summary>Queues kernels that make floats of all that was copied since.</summary>
    public void Unpack(ArrayView<float> to)
    {
        foreach (var (at, count) in waiting)
            device.Ops.UnpackBytes(words.View.SubView(at / PerWord, Words(count)).AsContiguous(),
                new(values.View.AsContiguous(), 1, EightBitPixels.Values.Length), new(to.SubView(at, count), 1, count));
        waiting.Clear();
    }

    /// <summary>
    /// Floats are put into a range: bytes that still wait for it or its neighbours, after an upload that failed, are not unpacked over them.
    /// </summary>
    public void Forget(int at, int count) => waiting.RemoveAll(range => range.At < at + count && at < range.At + range.Count);

    static int Words(int bytes) => (bytes + PerWord - 1) / PerWord;

    // A first corner may be black or white in views that are no bytes.
    static bool LooksPacked(ReadOnlySpan<float> pixels)
    {
        const int Looked = 32;
        Span<byte> room = stackalloc byte[Looked];
        foreach (var first in (ReadOnlySpan<int>)[0, pixels.Length / 3, pixels.Length / 2, pixels.Length - Looked])
            if (!EightBitPixels.TryPack(pixels.Slice(Math.Max(0, first), Math.Min(Looked, pixels.Length - Math.Max(0, first))), room)) return false;
        return true;
    }

    public void Dispose()
    {
        // Null if the constructor failed.
        device.Free(words);
        device.Free(values);
    }
}
