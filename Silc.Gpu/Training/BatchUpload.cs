using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// The batch on the device, twice: while a step works on one, the next is copied into the other. <see cref="Send"/> expects that at most the
/// step of the batch before is still running.
/// </summary>
sealed class BatchUpload(Device device, SilcConfig config, int batch) : IDisposable
{
    readonly Slot[] slots = Two(device, config, batch);
    int current;

    /// <summary>(G·B, side·side·3), view-major.</summary>
    public Tensor Global => new(slots[current].Global.View.AsContiguous(), config.Views.Global * batch, Pixels(config.ImageSize));

    /// <summary>(L·B, side·side·3), view-major.</summary>
    public Tensor Local => slots[current].Local is { } local
        ? new(local.View.AsContiguous(), config.Views.Local * batch, Pixels(config.Views.LocalSize)) : default;

    public TokenBatch Tokens => new(slots[current].Ids.View.AsContiguous(), slots[current].Order.View.AsContiguous(), batch);

    /// <summary>Copies a batch, which is free again afterwards, and makes it the current one.</summary>
    public void Send(Batch from)
    {
        if (from.Size != batch) throw new ArgumentException($"the batch has {from.Size} pictures, the trainer was made for {batch}");
        if (from.Global.Length != Global.Count || from.Local.Length < Local.Count || from.Tokens.Length != batch * config.TextLength)
            throw new ArgumentException("the batch was made for another configuration: its views or captions have other sizes than the model's");
        foreach (var id in from.Tokens)
            if ((uint)id >= (uint)config.VocabSize) throw new ArgumentException($"token id {id} is not in the model's vocabulary of {config.VocabSize}");
        var next = slots[1 - current];
        device.UploadBeside<float>(from.Global, next.Global.View.AsContiguous());
        if (next.Local is not null) device.UploadBeside<float>(from.Local, next.Local.View.AsContiguous());
        device.UploadBeside<int>(from.Tokens, next.Ids.View.AsContiguous());
        device.UploadBeside<int>(TokenBatch.Sort(from.Tokens), next.Order.View.AsContiguous());
        current = 1 - current;
    }

    static int Pixels(int side) => side * side * 3;

    static Slot[] Two(Device device, SilcConfig config, int batch)
    {
        var first = new Slot(device, config, batch);
        try
        {
            return [first, new(device, config, batch)];
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var slot in slots) slot.Dispose();
    }

    sealed class Slot : IDisposable
    {
        readonly Device device;

        public Slot(Device device, SilcConfig config, int batch)
        {
            this.device = device;
            try
            {
                Global = device.Allocate((long)config.Views.Global * batch * Pixels(config.ImageSize), "global views");
                if (config.Views.Local > 0) Local = device.Allocate((long)config.Views.Local * batch * Pixels(config.Views.LocalSize), "local views");
                Ids = device.Allocate<int>((long)batch * config.TextLength, "captions");
                Order = device.Allocate<int>((long)batch * config.TextLength, "captions");
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public MemoryBuffer1D<float, Stride1D.Dense> Global { get; }

        public MemoryBuffer1D<float, Stride1D.Dense>? Local { get; }

        public MemoryBuffer1D<int, Stride1D.Dense> Ids { get; }

        public MemoryBuffer1D<int, Stride1D.Dense> Order { get; }

        public void Dispose()
        {
            device.Free(Global);
            device.Free(Local);
            device.Free(Ids);
            device.Free(Order);
        }
    }
}
