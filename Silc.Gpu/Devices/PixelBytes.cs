using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Pixels on their way to the device as bytes: a quarter of what floats take on the bus, and the same bits behind it (<see cref="EightBit"/>).
/// Views that were resized by <see cref="ResampleFilter.Tf"/> or made with <see cref="ViewConfig.EightBit"/>, and images as PIL resizes
/// them, are such pixels. Threads: one at a time.
/// </summary>
sealed class PixelBytes : IDisposable
{
    // Pixels that a host thread packs at a time.
    const int Chunk = 1 << 18, PerWord = sizeof(int);

    readonly Device device;
    readonly MemoryBuffer1D<int, Stride1D.Dense> words;
    readonly MemoryBuffer1D<float, Stride1D.Dense> values;
    readonly List<(int At, int Count)> waiting = [];

    /// <param name="device">Where they go.</param>
    /// <param name="floats">Of the buffer in which they end as floats.</param>
    /// <param name="what">Of that buffer.</param>
    public PixelBytes(Device device, long floats, string what)
    {
        this.device = device;
        words = device.Allocate<int>((floats + PerWord - 1) / PerWord, what + " as bytes");
        try
        {
            values = device.Allocate(EightBit.Values.Length, what + " as bytes");
        }
        catch
        {
            device.Free(words);
            throw;
        }
        device.Upload(EightBit.Values, values.View.AsContiguous());
    }

    /// <summary>True for a range whose first pixels are bytes, and which begins at a whole word: worth a try.</summary>
    public static bool MayTake(ReadOnlySpan<float> from, int at)
    {
        const int Looked = 96;
        Span<byte> room = stackalloc byte[Looked];
        return at % PerWord == 0 && EightBit.TryPack(from[..Math.Min(Looked, from.Length)], room);
    }

    /// <summary>Queues the copy of a range, by way of page-locked memory of its length in floats; false if a pixel is no byte.</summary>
    public unsafe bool Put(ReadOnlySpan<float> from, int at, Span<float> locked)
    {
        var packed = MemoryMarshal.Cast<float, int>(locked)[..((from.Length + PerWord - 1) / PerWord)];
        fixed (float* source = from)
        fixed (int* target = packed)
        {
            var (pixels, bytes, count) = ((nint)source, (nint)target, from.Length);
            var whole = Parallel.For(0, (count + Chunk - 1) / Chunk, (chunk, loop) =>
            {
                int first = chunk * Chunk, length = Math.Min(Chunk, count - first);
                if (!EightBit.TryPack(new((float*)pixels + first, length), new((byte*)bytes + first, length))) loop.Stop();
            });
            if (!whole.IsCompleted) return false;
        }
        device.CopyAsync(ref packed[0], words.View.SubView(at / PerWord, packed.Length).AsContiguous());
        // Images that are put one behind the other become floats in one launch.
        if (waiting is [.., var last] && last.At + last.Count == at) waiting[^1] = (last.At, last.Count + from.Length);
        else waiting.Add((at, from.Length));
        return true;
    }

    /// <summary>Queues kernels that make floats of all that was copied since.</summary>
    public void Unpack(ArrayView<float> to)
    {
        foreach (var (at, count) in waiting)
            device.Ops.UnpackBytes(words.View.SubView(at / PerWord, (count + PerWord - 1) / PerWord).AsContiguous(),
                new(values.View.AsContiguous(), 1, EightBit.Values.Length), new(to.SubView(at, count), 1, count));
        waiting.Clear();
    }

    /// <summary>
    /// Floats are put into a range: bytes that still wait for it or its neighbours, after an upload that failed, are not unpacked over them.
    /// </summary>
    public void Forget(int at, int count) => waiting.RemoveAll(range => range.At < at + count && at < range.At + range.Count);

    public void Dispose()
    {
        device.Free(words);
        device.Free(values);
    }
}
