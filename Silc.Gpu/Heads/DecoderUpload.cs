using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Device memory for the batch of a decoder's step, and what goes into it. Threads: one at a time, under the device's lock.</summary>
sealed class DecoderUpload : IDisposable
{
    readonly Device device;
    readonly int length, sourceWidth;
    readonly MemoryBuffer1D<float, Stride1D.Dense> source;
    readonly MemoryBuffer1D<int, Stride1D.Dense> ids;

    public DecoderUpload(Device device, int batch, int length, int sourceRows, int sourceWidth)
    {
        (this.device, Batch, this.length, this.sourceWidth, SourceRows) = (device, batch, length, sourceWidth, sourceRows);
        source = device.Allocate((long)batch * sourceRows * sourceWidth, "a head's features");
        try
        {
            ids = device.Allocate<int>(3L * batch * length, "tokens");
        }
        catch
        {
            device.Free(source);
            throw;
        }
    }

    /// <summary>Texts of a step.</summary>
    public int Batch { get; }

    int SourceRows { get; }

    /// <summary>A batch without memory, to measure a step by.</summary>
    public DecoderBatch Measuring => new(new(default, Batch * SourceRows, sourceWidth), new(default, default, Batch), length, default, 1);

    /// <summary>Copies a batch; nothing queued may use the one before.</summary>
    public DecoderBatch Send(float[] features, int[] tokens, int[] labels, int rows)
    {
        device.Upload<float>(features, source.View.AsContiguous().SubView(0, features.Length));
        int count = tokens.Length, at = 0;
        var views = new[] { tokens, TokenBatch.Sort(tokens), labels }.Select(values =>
        {
            var view = ids.View.AsContiguous().SubView(at, count);
            device.Upload<int>(values, view);
            at += count;
            return view;
        }).ToArray();
        return new(new(source.View.AsContiguous(), rows * SourceRows, sourceWidth), new(views[0], views[1], rows), count / rows, views[2],
            Math.Max(1, labels.Count(label => label >= 0)));
    }

    public void Dispose()
    {
        device.Free(source);
        device.Free(ids);
    }
}
