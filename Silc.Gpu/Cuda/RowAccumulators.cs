namespace Silc;

/// <summary>Sums of a warp's rows and 16 channels.</summary>
readonly struct ChannelAccumulators<TBlocks>(AccumulatorBlock upper, AccumulatorBlock lower) where TBlocks : struct, IRowTiles
{
    public readonly AccumulatorBlock Upper = upper, Lower = lower;

    public ChannelAccumulators<TBlocks> MulAdd(Fragment up, Fragment low, Fragment right) =>
        new(Upper.MulAdd<Bf16Mma>(up, right), TBlocks.Count == 2 ? Lower.MulAdd<Bf16Mma>(low, right) : Lower);

    public ChannelAccumulators<TBlocks> Scale(Float2 up, Float2 low) =>
        new(Upper.Scale(up.X, up.Y), TBlocks.Count == 2 ? Lower.Scale(low.X, low.Y) : Lower);
}

/// <summary>Sums of a warp's rows and all channels of a head, whose tiles are <see cref="Bf16HeadTile{TSize}"/>.</summary>
readonly struct RowAccumulators<TSize, TBlocks>(ChannelAccumulators<TBlocks> c0, ChannelAccumulators<TBlocks> c1, ChannelAccumulators<TBlocks> c2, ChannelAccumulators<TBlocks> c3,
    ChannelAccumulators<TBlocks> c4, ChannelAccumulators<TBlocks> c5, ChannelAccumulators<TBlocks> c6, ChannelAccumulators<TBlocks> c7)
    where TSize : struct, IHeadSize where TBlocks : struct, IRowTiles
{
    readonly ChannelAccumulators<TBlocks> c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Bytes of shared memory that a warp needs to store them.</summary>
    public static int SharedBytes => 16 * TBlocks.Count * Bf16HeadTile<TSize>.Stride;

    /// <summary>Adds 32 lines of a tile, at a lane's address, each row weighed.</summary>
    public RowAccumulators<TSize, TBlocks> Add(ScoreRows<TBlocks> weights, int turned)
    {
        AccumulatorRow up = weights.Upper, low = weights.Lower;
        return Add(Bf16Mma.Weights(up.N0, up.N1), TBlocks.Count == 2 ? Bf16Mma.Weights(low.N0, low.N1) : default, turned)
            .Add(Bf16Mma.Weights(up.N2, up.N3), TBlocks.Count == 2 ? Bf16Mma.Weights(low.N2, low.N3) : default, turned + 16 * Bf16HeadTile<TSize>.Stride);
    }

    RowAccumulators<TSize, TBlocks> Add(Fragment up, Fragment low, int turned) => new(
        Add(c0, up, low, turned, 0), Add(c1, up, low, turned, 16), Add(c2, up, low, turned, 32), Add(c3, up, low, turned, 48),
        Add(c4, up, low, turned, 64), Add(c5, up, low, turned, 80), Add(c6, up, low, turned, 96), Add(c7, up, low, turned, 112));

    static ChannelAccumulators<TBlocks> Add(ChannelAccumulators<TBlocks> sums, Fragment up, Fragment low, int turned, int channel) =>
        channel < TSize.Size ? sums.MulAdd(up, low, Ptx.LoadMatricesTransposed(turned + 2 * channel)) : sums;

    /// <summary>Each row times a factor; a lane holds two rows of each block.</summary>
    public RowAccumulators<TSize, TBlocks> Scale(Float2 up, Float2 low) => new(c0.Scale(up, low), c1.Scale(up, low), c2.Scale(up, low), c3.Scale(up, low),
        c4.Scale(up, low), c5.Scale(up, low), c6.Scale(up, low), c7.Scale(up, low));

    /// <summary>
    /// Stores them as bf16, rows from <paramref name="row"/> of <paramref name="rows"/> on, by way of this warp's shared memory, so that
    /// each lane comes to hold 16 bytes of a row.
    /// </summary>
    public void Store(Bf16Rows to, int row, int rows, int size, int shared, int lane)
    {
        int place = shared + FragmentLayout.SumRow(lane, 0) * Bf16HeadTile<TSize>.Stride + 2 * FragmentLayout.SumColumn(lane, 0);
        Put(c0, place, 0);
        Put(c1, place, 16);
        Put(c2, place, 32);
        Put(c3, place, 48);
        Put(c4, place, 64);
        Put(c5, place, 80);
        Put(c6, place, 96);
        Put(c7, place, 112);
        Ptx.WarpBarrier();
        int line = lane / Slots, unit = lane % Slots;
        long at = to.At(row + line, 8 * unit), step = LinesAtOnce * to.BytesOfRow;
        int from = shared + line * Bf16HeadTile<TSize>.Stride + 16 * (unit < Bf16HeadTile<TSize>.Units ? unit : 0);
        int left = 8 * unit < size ? rows - row - line : 0;
        Copy(from, at, 0, left);
        Copy(from, at + step, 1, left);
        Copy(from, at + 2 * step, 2, left);
        Copy(from, at + 3 * step, 3, left);
        Copy(from, at + 4 * step, 4, left);
        Copy(from, at + 5 * step, 5, left);
        Copy(from, at + 6 * step, 6, left);
        Copy(from, at + 7 * step, 7, left);
    }

    // Lanes to a line when it leaves, a power of two, and lines that leave at once.
    static int Slots => Bf16HeadTile<TSize>.Units <= 4 ? 4 : Bf16HeadTile<TSize>.Units <= 8 ? 8 : 16;
    static int LinesAtOnce => 32 / Slots;

    static void Copy(int from, long to, int i, int left)
    {
        if (i * LinesAtOnce < 16 * TBlocks.Count)
            Ptx.StoreWords(to, Ptx.LoadSharedWords(from + i * LinesAtOnce * Bf16HeadTile<TSize>.Stride), i * LinesAtOnce, left);
    }

    static void Put(ChannelAccumulators<TBlocks> sums, int place, int channel)
    {
        if (channel >= TSize.Size) return;
        Put(sums.Upper, place + 2 * channel);
        if (TBlocks.Count == 2) Put(sums.Lower, place + 2 * channel + 16 * Bf16HeadTile<TSize>.Stride);
    }

    static void Put(AccumulatorBlock sums, int place)
    {
        Put(sums.N0, place);
        Put(sums.N1, place + 16);
    }

    static void Put(Float4 sums, int place)
    {
        Ptx.StoreSharedWord(place, Ptx.Bf16(sums.X, sums.Y));
        Ptx.StoreSharedWord(place + 8 * Bf16HeadTile<TSize>.Stride, Ptx.Bf16(sums.Z, sums.W));
    }
}
