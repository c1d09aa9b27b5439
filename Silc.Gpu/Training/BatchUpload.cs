using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>The batch on the device.</summary>
sealed class BatchUpload(Device device, SilcConfig config, int batch) : IDisposable
{
    readonly MemoryBuffer1D<float, Stride1D.Dense> global = device.Allocate((long)config.Views.Global * batch * Pixels(config.ImageSize), "global views");
    readonly MemoryBuffer1D<float, Stride1D.Dense>? local =
        config.Views.Local == 0 ? null : device.Allocate((long)config.Views.Local * batch * Pixels(config.Views.LocalSize), "local views");

    readonly MemoryBuffer1D<int, Stride1D.Dense> ids = device.Allocate<int>((long)batch * config.TextLength, "captions"),
        order = device.Allocate<int>((long)batch * config.TextLength, "captions");

    /// <summary>(G·B, side·side·3), view-major.</summary>
    public Tensor Global => new(global.View.AsContiguous(), config.Views.Global * batch, Pixels(config.ImageSize));

    /// <summary>(L·B, side·side·3), view-major.</summary>
    public Tensor Local => local is null ? default : new(local.View.AsContiguous(), config.Views.Local * batch, Pixels(config.Views.LocalSize));

    public TokenBatch Tokens => new(ids.View.AsContiguous(), order.View.AsContiguous(), batch);

    public void Send(Batch from)
    {
        if (from.Size != batch) throw new ArgumentException($"the batch has {from.Size} pictures, the trainer was made for {batch}");
        if (from.Global.Length != Global.Count || from.Local.Length < Local.Count || from.Tokens.Length != ids.Length)
            throw new ArgumentException("the batch was made for another configuration: its views or captions have other sizes than the model's");
        foreach (var id in from.Tokens)
            if ((uint)id >= (uint)config.VocabSize) throw new ArgumentException($"token id {id} is not in the model's vocabulary of {config.VocabSize}");
        device.Upload<float>(from.Global, global.View.AsContiguous());
        if (local is not null) device.Upload<float>(from.Local, local.View.AsContiguous());
        device.Upload<int>(from.Tokens, ids.View.AsContiguous());
        device.Upload<int>(TokenBatch.Sort(from.Tokens), order.View.AsContiguous());
    }

    static int Pixels(int side) => side * side * 3;

    public void Dispose()
    {
        device.Free(global);
        device.Free(local);
        device.Free(ids);
        device.Free(order);
    }
}
