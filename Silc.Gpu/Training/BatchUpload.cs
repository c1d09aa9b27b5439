namespace Silc;

/// <summary>
/// The batch on the device, twice: while a step works on one, the next is copied into the other. <see cref="Send"/> waits for the step that
/// used the other where steps are queued ahead; elsewhere it expects that at most the step of the batch before is still running. The batch is
/// cut into slices for gradient accumulation; those lie one after another, each view-major.
/// </summary>
sealed class BatchUpload(Device device, SilcConfig config, int batch, int slices) : IDisposable
{
    readonly Slot[] slots = Two(device, config, batch);
    readonly int size = batch / slices;
    int current;

    /// <summary>Where the current batch lies: 0 or 1, alternating.</summary>
    public int Place => current;

    /// <summary>One slice of the batch.</summary>
    public BatchSlice this[int slice]
    {
        get
        {
            var (slot, views, length) = (slots[current], config.Views, Tensor.RowsOf(size, config.TextLength));
            var global = Views(slot.Global, views.Global, config.ImageSize, slice);
            var anchor = views.AnchorScale > 0 ? Views(slot.Anchor, views.Global, views.AnchorScale * config.ImageSize, slice) : global;
            return new(global, anchor, views.Plain ? Views(slot.Plain, 1, config.ImageSize, slice) : global,
                Views(slot.Local, views.Local, views.LocalSize, slice),
                slot.Packed?.Slice(slice * size, size) ?? default, slot.Captions.Slice(slice * length, length, size),
                slot.Second?.Slice(slice * length, length, size) ?? default);
        }
    }

    /// <summary>Copies a batch, which is free again afterwards, and makes it the current one.</summary>
    public void Send(Batch from)
    {
        Check(from);
        var next = slots[1 - current];
        next.Done.Synchronize();
        next.Captions.Put(from.Tokens, slices);
        next.Second?.Put(from.SecondTokens, slices);
        next.Packed?.Put(from.Packed!, [.. Enumerable.Range(0, batch)]);
        SendViews(from.Global, next.Global, config.Views.Global);
        SendViews(from.Anchor, next.Anchor, config.Views.Global);
        SendViews(from.Plain, next.Plain, 1);
        SendViews(from.Local, next.Local, config.Views.Local);
        device.WaitForCopies();
        next.Unpack();
        current = 1 - current;
    }

    /// <summary>To be called when all that uses the current batch is queued.</summary>
    public void MarkUse() => slots[current].Done.Record();

    void Check(Batch from)
    {
        if (from.Size != batch) throw new ArgumentException($"the batch has {from.Size} images, the trainer was made for {batch}");
        var (slot, unused) = (slots[0], config.Views.Local == 0);
        if (from.Global.Length != (slot.Global?.Length ?? 0) || from.Packed is null != slot.Packed is null
            || from.Plain.Length != (slot.Plain?.Length ?? 0)
            || from.Anchor.Length != (slot.Anchor?.Length ?? 0) || (!unused && from.Local.Length != slot.Local!.Length)
            || from.Tokens.Length != (long)batch * config.TextLength
            || from.SecondTokens.Length != (config.Views.SecondCaption ? from.Tokens.Length : 0)
            || from.Located.Length != (long)batch * config.Views.Located * LocatedTexts.Parts(config.Views))
            throw new ArgumentException("the batch was made for another configuration: its views or captions have other sizes than the model's");
        // A row of located captions that has none begins so, and is not read.
        foreach (var id in from.Tokens.Concat(from.SecondTokens).Concat(from.Located.Where(id => id != LocatedTexts.None)))
            if ((uint)id >= (uint)config.VocabSize) throw new ArgumentException($"token id {id} is not in the model's vocabulary "
                + $"of {config.VocabSize}");
    }

    // On the host the whole batch is view-major: (V, B, ...).
    void SendViews(float[] from, PinnedUpload? to, int views)
    {
        if (to is null) return;
        int run = from.Length / views / slices;
        for (int slice = 0; slice < slices; slice++)
            for (int view = 0; view < views; view++)
                to.Put(from.AsSpan((view * slices + slice) * run, run), (slice * views + view) * run);
    }

    Tensor Views(PinnedUpload? buffer, int views, int side, int slice)
    {
        if (buffer is null) return default;
        int rows = Tensor.RowsOf(views, size), count = Tensor.RowsOf(rows, Pixels(side));
        return new(buffer.View.SubView((long)slice * count, count), rows, Pixels(side));
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
            Done = new(device);
            try
            {
                if (config.Views.Naflex > 0) Packed = new(device, config, batch, config.Views.Naflex);
                Global = Allocate(Packed is null ? config.Views.Global * batch : 0, config.ImageSize, "global views");
                var scale = config.Views.AnchorScale;
                Anchor = Allocate(scale == 0 || Packed is not null ? 0 : config.Views.Global * batch, scale * config.ImageSize, "anchor's views");
                Plain = Allocate(config.Views.Plain ? batch : 0, config.ImageSize, "plain views");
                Local = Allocate(config.Views.Local * batch, config.Views.LocalSize, "local views");
                Captions = new(device, (long)batch * config.TextLength);
                if (config.Views.SecondCaption) Second = new(device, (long)batch * config.TextLength);
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        /// <summary>The end of the step that used this batch last.</summary>
        public DeviceEvent Done { get; }

        public PackedUpload? Packed { get; }

        public PinnedUpload? Global { get; }

        public PinnedUpload? Anchor { get; }

        public PinnedUpload? Plain { get; }

        public PinnedUpload? Local { get; }

        public TokenUpload Captions { get; } = null!;

        public TokenUpload? Second { get; }

        public void Unpack()
        {
            Packed?.Unpack();
            foreach (var views in (PinnedUpload?[])[Global, Anchor, Plain, Local]) views?.Unpack();
        }

        PinnedUpload? Allocate(int images, int side, string what) =>
            images == 0 ? null : new(device, (long)images * Pixels(side), what);

        public void Dispose()
        {
            Packed?.Dispose();
            Global?.Dispose();
            Anchor?.Dispose();
            Plain?.Dispose();
            Local?.Dispose();
            // Null if the constructor failed.
            Captions?.Dispose();
            Second?.Dispose();
            Done.Dispose();
        }
    }
}

/// <summary>Part of a batch on the device. Pixels are (views · size, side·side·3), view-major.</summary>
/// <param name="Global">Global views, which the teacher sees.</param>
/// <param name="Anchor">The global views as Gram anchoring's anchor sees them.</param>
/// <param name="Captioned">What the image-text loss sees: the global views, or the plain images.</param>
/// <param name="Local">Local views.</param>
/// <param name="Packed">Images at their own aspect ratio, where there are no views.</param>
/// <param name="Tokens">Captions.</param>
/// <param name="SecondTokens">Second captions, where batches have them.</param>
readonly record struct BatchSlice(Tensor Global, Tensor Anchor, Tensor Captioned, Tensor Local, PackedTokens Packed,
    TokenBatch Tokens, TokenBatch SecondTokens);
