using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// A collective of an engine that works on memory of the host: the CPU's buffers where they lie, once the queue is drained, and those of CUDA if the
/// engine reads them; those of other devices through a copy. Threads: one a rank.
/// </summary>
abstract unsafe class HostCollective : ICollective
{
    // 16 MiB: pieces of this size took 0.5 to 0.75 of the time of one call over 64 MiB, with both MPI libraries.
    protected const int PieceFloats = 1 << 22;

    readonly StagingRoom first = new(), second = new();
    Device? device;

    public abstract int Rank { get; }

    public abstract int Size { get; }

    public abstract int LocalRank { get; }

    public abstract int LocalSize { get; }

    public abstract Watchdog Watch { get; }

    public abstract string Place { get; }

    public abstract string Engine { get; }

    public abstract Votes Agree(Votes mine);

    public abstract byte[] Share(byte[]? bytes);

    public abstract byte[] Collect(byte[] mine);

    public abstract void Abort(int code);

    public abstract void Dispose();

    /// <summary>True if the engine reads and writes CUDA's memory itself.</summary>
    protected virtual bool TakesCuda => false;

    // The device's memory goes to the engine as it lies.
    bool IsDirect => device!.Kind == DeviceKind.Cpu || device.Kind == DeviceKind.Cuda && TakesCuda;

    protected abstract void Reduce(float* x, int count, Reduction reduction);

    // mine may lie in all, where it belongs.
    protected abstract void Gather(float* mine, float* all, int each);

    protected abstract void Scatter(float* all, float* mine, int each);

    protected abstract void Spread(float* x, int count);

    /// <summary>For tests: takes the way of engines that exchange beside kernels.</summary>
    public bool Overlaps { get; set; }

    public virtual Device Open(string name, Precision precision) => this.OpenLocal(name, precision);

    public virtual void Bind(Device device) => this.device = device;

    public void AllReduce(Tensor x, Reduction reduction) => InPieces("all-reduce", x, (at, count) => Reduce((float*)at, count, reduction));

    public void Broadcast(Tensor x) => InPieces("broadcast", x, (at, count) => Spread((float*)at, count));

    // Nothing of MPI moves while nobody calls it, so what is begun is done at once.
    public void Begin(Tensor x) => AllReduce(x, Reduction.Sum);

    public void Finish() { }

    public void AllGather(Tensor mine, Tensor all) =>
        Whole("all-gather", mine, all, mine, all, (from, to) => Gather((float*)from, (float*)to, mine.Count));

    public void AllGather(Tensor all)
    {
        if (!IsReady(all)) return;
        Require.That(all.Count % Size == 0, $"{all.Count} values are not as many of each of {Size} ranks");
        int each = all.Count / Size, own = Rank * each;
        if (IsDirect)
        {
            using var wait = Watch.Enter("all-gather");
            var to = (float*)At(all);
            Gather(to + own, to, each);
            device!.Ops.Weights?.Written(all.View);
            return;
        }
        // Pieces of all ranks together, for copies of a whole model would not fit everywhere.
        int most = Math.Max(1, PieceFloats / Size);
        for (int at = 0; at < each; at += most)
        {
            int count = Math.Min(most, each - at);
            Span<float> given = first.Of(device!, count), taken = second.Of(device!, count * Size);
            device!.Download(all.View.SubView(own + at, count), given);
            using (Watch.Enter("all-gather"))
                fixed (float* f = given, t = taken) Gather(f, t, count);
            for (int rank = 0; rank < Size; rank++)
                if (rank != Rank) device.Upload<float>(taken.Slice(rank * count, count), all.View.SubView(rank * each + at, count));
        }
    }

    public void ReduceScatter(Tensor all, Tensor mine) =>
        Whole("reduce-scatter", all, mine, mine, all, (from, to) => Scatter((float*)from, (float*)to, mine.Count));

    void Whole(string what, Tensor from, Tensor to, Tensor mine, Tensor all, Action<nint, nint> call)
    {
        if (!IsReady(mine, all)) return;
        Require.That(all.Count == (long)mine.Count * Size, $"{all.Count} values are not {mine.Count} of each of {Size} ranks");
        if (IsDirect)
        {
            using var wait = Watch.Enter(what);
            call(At(from), At(to));
            return;
        }
        Span<float> given = first.Of(device!, from.Count), taken = second.Of(device!, to.Count);
        device!.Download(from.View.SubView(0, from.Count), given);
        using (Watch.Enter(what))
            fixed (float* f = given, t = taken) call((nint)f, (nint)t);
        device.Upload<float>(taken, to.View);
    }

    void InPieces(string what, Tensor x, Action<nint, int> call)
    {
        if (!IsReady(x)) return;
        for (long at = 0; at < x.Count; at += PieceFloats)
        {
            int count = (int)Math.Min(PieceFloats, x.Count - at);
            if (IsDirect)
            {
                using var wait = Watch.Enter(what);
                call(At(x) + (nint)at * sizeof(float), count);
                continue;
            }
            var piece = first.Of(device!, count);
            device!.Download(x.View.SubView(at, count), piece);
            using (Watch.Enter(what))
                fixed (float* p = piece) call((nint)p, count);
            device.Upload<float>(piece, x.View.SubView(at, count));
        }
        if (IsDirect) device!.Ops.Weights?.Written(x.View);
    }

    // False in a dry run, where tensors have no memory. Kernels of before must be done where nobody copies.
    bool IsReady(params ReadOnlySpan<Tensor> tensors)
    {
        var on = device ?? throw new InvalidOperationException("this collective is bound to no device yet: make a trainer with it first");
        foreach (var x in tensors)
            if (!x.IsDense || x.DType != DType.Float32) throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor has gaps or is not float32");
        if (on.IsMeasuring) return false;
        if (IsDirect) on.Synchronize();
        return true;
    }

    static nint At(Tensor x) => (nint)x.View.LoadEffectiveAddressAsPtr();
}
