namespace Silc;

/// <summary>
/// The part of the flat row of parameters whose moments a rank holds and which it updates: of P values in N ranks the r-th piece of P / N,
/// rounded down to the alignment of parameters, and with all ranks the fewer than 16 · N values behind the last piece. The others' values come by
/// one all-gather a step. ZeRO stage 1: Rajbhandari et al. 2020, arXiv:1910.02054, section 5.1; gradients stay whole on every rank, so that their
/// sum, norm and clipping, and with them every bit of the update, are those of ranks that hold all moments. Threads: one at a time.
/// </summary>
sealed class MomentShard
{
    // 16 MiB of all ranks together travel at once.
    const int PieceFloats = 1 << 22;

    readonly Parameters parameters;
    readonly ICollective collective;
    readonly int each;

    /// <param name="parameters">Of the model.</param>
    /// <param name="collective">The ranks that share the moments; one alone holds all.</param>
    public MomentShard(Parameters parameters, ICollective collective)
    {
        (this.parameters, this.collective) = (parameters, collective);
        each = collective.IsAlone ? 0 : parameters.Values.Cols / Parameters.Alignment / collective.Size * Parameters.Alignment;
    }

    int Shared => each * collective.Size;

    /// <summary>Values whose moments lie here: those of this rank's piece, then those of all ranks.</summary>
    public int Count => each + parameters.Values.Cols - Shared;

    /// <summary>The parts of a range of the row that this rank updates, and where their moments lie.</summary>
    public IEnumerable<(int Start, int Count, int At)> PartsOf(int start, int count)
    {
        int mine = collective.Rank * each;
        foreach (var (first, end, at) in new[] { (mine, mine + each, 0), (Shared, parameters.Values.Cols, each) })
            if (Math.Max(start, first) is var from && Math.Min(start + count, end) - from is > 0 and var overlap)
                yield return (from, overlap, at + from - first);
    }

    /// <summary>Queues the exchange after which this rank has the values that others have updated.</summary>
    public void GatherValues()
    {
        if (each > 0) collective.AllGather(parameters.Values.Columns(0, Shared));
    }

    /// <summary>Moments of the whole row, on the host, from the parts of all ranks, which all call it; null on ranks but the first.</summary>
    public float[]? Collect(Tensor moments)
    {
        var device = parameters.Device;
        var whole = collective.Rank == 0 ? new float[parameters.Values.Cols] : null;
        if (Count > each) Read(moments.Columns(each, Count - each), Shared);
        OverPieces((at, count, room) =>
        {
            collective.AllGather(moments.Columns(at, count), room);
            for (int rank = 0; rank < collective.Size; rank++) Read(room.Columns(rank * count, count), rank * each + at);
        }, collective.Size);
        return whole;

        void Read(Tensor from, int to)
        {
            if (whole is not null) device.Download(from.View.SubView(0, from.Count), whole.AsSpan(to, from.Count));
        }
    }

    /// <summary>Sets this rank's part of moments from those of the whole row.</summary>
    public void Set(Tensor moments, float[] whole)
    {
        foreach (var (start, count, at) in PartsOf(0, whole.Length))
            parameters.Device.Upload<float>(whole.AsSpan(start, count), moments.View.SubView(at, count));
    }

    /// <summary>Sets every rank's part of moments from those of the whole row, which rank 0 has; all call it.</summary>
    public void Spread(Tensor moments, float[]? whole)
    {
        var device = parameters.Device;
        if (whole is not null) Set(moments, whole);
        if (Count > each) collective.Broadcast(moments.Columns(each, Count - each));
        for (int rank = 1; rank < collective.Size; rank++)
            OverPieces((at, count, room) =>
            {
                if (whole is not null) device.Upload<float>(whole.AsSpan(rank * each + at, count), room.View.SubView(0, count));
                collective.Broadcast(room);
                if (collective.Rank == rank) device.Ops.Copy(room, moments.Columns(at, count));
            }, 1);
    }

    // Pieces of every rank's part, so many of which lie on the device at once.
    void OverPieces(Action<int, int, Tensor> exchange, int together)
    {
        if (each == 0) return;
        var device = parameters.Device;
        int most = Math.Min(each, Math.Max(1, PieceFloats / together));
        var room = device.Allocate(most * together, "moments between ranks");
        try
        {
            for (int at = 0; at < each; at += most)
                if (Math.Min(most, each - at) is var count)
                    exchange(at, count, new(room.View.AsContiguous().SubView(0, count * together), 1, count * together));
            device.Synchronize();
        }
        finally
        {
            device.Free(room);
        }
    }
}
