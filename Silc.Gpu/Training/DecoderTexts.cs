using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Texts of one length as a decoder reads and says them, on the device, in one of two places beside their batch, slice by slice and, in a slice, part
/// by part: a batch may have several texts of each image. Threads: one at a time.
/// </summary>
sealed class DecoderTexts : IDisposable
{
    const int Places = 2, Lists = 3;

    readonly Device device;
    readonly int slices, parts, size, length;
    readonly MemoryBuffer1D<int, Stride1D.Dense> integers;
    readonly MemoryBuffer1D<float, Stride1D.Dense> weights;

    /// <param name="device">Where they will lie.</param>
    /// <param name="slices">Slices of a batch.</param>
    /// <param name="parts">Texts of an image.</param>
    /// <param name="size">Images of a slice.</param>
    /// <param name="length">Tokens of a text.</param>
    public DecoderTexts(Device device, int slices, int parts, int size, int length)
    {
        (this.device, this.slices, this.parts, this.size, this.length) = (device, slices, parts, size, length);
        integers = device.Allocate<int>((long)Places * slices * parts * Lists * size * length, "texts to say");
        try
        {
            weights = device.Allocate((long)Places * slices * parts * size * length, "weights of tokens");
        }
        catch
        {
            device.Free(integers);
            throw;
        }
    }

    /// <summary>The texts of a part and a slice in a place.</summary>
    public CaptionSlice Of(int place, int slice, int part, bool atOnce)
    {
        int count = size * length, at = (place * slices + slice) * parts + part;
        ArrayView<int> List(int list) => integers.View.AsContiguous().SubView(((long)at * Lists + list) * count, count);
        return new(new(List(0), List(1), size), List(2), new(weights.View.AsContiguous().SubView((long)at * count, count), count, 1), atOnce);
    }

    /// <summary>Copies a part of a batch (B, T), each of whose texts weighs the same, into a place that no queued step uses.</summary>
    public void Send(CaptionLabels labels, int place, int part, ReadOnlySpan<int> tokens, bool atOnce, double each, int prefix = 0)
    {
        for (int slice = 0; slice < slices; slice++)
        {
            var to = Of(place, slice, part, atOnce);
            var (inputs, said, weight) = labels.Of(tokens.Slice(slice * size * length, size * length), length, atOnce, each, prefix);
            device.UploadOnCopyStream<int>(inputs, to.Tokens.Ids);
            device.UploadOnCopyStream<int>(TokenBatch.Sort(inputs), to.Tokens.Order);
            device.UploadOnCopyStream<int>(said, to.Labels);
            device.UploadOnCopyStream<float>(weight, to.Weights.View);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        device.Free(integers);
        device.Free(weights);
    }
}
