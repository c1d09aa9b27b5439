using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>The captions of a batch on the device, with the order of their tokens slice by slice. Threads: one at a time.</summary>
sealed class TokenUpload : IDisposable
{
    readonly Device device;
    readonly MemoryBuffer1D<int, Stride1D.Dense> ids, order;

    public TokenUpload(Device device, long tokens)
    {
        this.device = device;
        ids = device.Allocate<int>(tokens, "captions");
        try
        {
            order = device.Allocate<int>(tokens, "captions");
        }
        catch
        {
            device.Free(ids);
            throw;
        }
    }

    /// <summary>A slice's captions, so many tokens from one on.</summary>
    public TokenBatch Slice(int first, int tokens, int captions) =>
        new(ids.View.AsContiguous().SubView(first, tokens), order.View.AsContiguous().SubView(first, tokens), captions);

    /// <summary>Queues the copy of a batch's captions on the stream of copies.</summary>
    public void Put(int[] tokens, int slices)
    {
        device.UploadOnCopyStream<int>(tokens, ids.View.AsContiguous());
        int length = tokens.Length / slices;
        for (int slice = 0; slice < slices; slice++)
            device.UploadOnCopyStream<int>(TokenBatch.Sort(tokens.AsSpan(slice * length, length).ToArray()),
                order.View.SubView(slice * length, length));
    }

    public void Dispose()
    {
        device.Free(ids);
        device.Free(order);
    }
}
