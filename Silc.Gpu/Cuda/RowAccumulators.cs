namespace Silc;

/// <summary>Accumulators of a warp's row tiles and 16 channels.</summary>
readonly struct ChannelAccumulators<TRows>(AccumulatorBlock upper, AccumulatorBlock lower) where TRows : struct, IRowTiles
{
    public readonly AccumulatorBlock Upper = upper, Lower = lower;

    public ChannelAccumulators<TRows> MulAdd(Fragment upper, Fragment lower, Fragment b) =>
        new(Upper.MulAdd<Bf16Mma>(upper, b), TRows.Count == 2 ? Lower.MulAdd<Bf16Mma>(lower, b) : Lower);

    public ChannelAccumulators<TRows> Scale(Float2 upper, Float2 lower) =>
        new(Upper.Scale(upper.X, upper.Y), TRows.Count == 2 ? Lower.Scale(lower.X, lower.Y) : Lower);
}

/// <summary>
/// Accumulators of a warp's row tiles and all channels of a head, with operand tiles as in <see cref="Bf16HeadTile{TSize}"/>.
/// </summary>
readonly struct RowAccumulators<TSize, TRows>(ChannelAccumulators<TRows> c0, ChannelAccumulators<TRows> c1, ChannelAccumulators<TRows> c2,
    ChannelAccumulators<TRows> c3,
    ChannelAccumulators<TRows> c4, ChannelAccumulators<TRows> c5, ChannelAccumulators<TRows> c6, ChannelAccumulators<TRows> c7)
    where TSize : struct, IHeadSize where TRows : struct, IRowTiles
{
    readonly ChannelAccumulators<TRows> c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Bytes of shared memory that a warp needs to store them.</summary>
    public static int SharedBytes => 16 * TRows.Count * Bf16HeadTile<TSize>.Stride;

    /// <summary>Adds P·X: P (rows x 32) from registers, X 32 rows of a tile, at a lane's ldmatrix address.</summary>
    public RowAccumulators<TSize, TRows> MulAdd(ScoreRows<TRows> p, int addressB)
    {
        AccumulatorRow upper = p.Upper, lower = p.Lower;
        return MulAdd(Bf16Mma.AccumulatorsToA(upper.N0, upper.N1), TRows.Count == 2 ? Bf16Mma.AccumulatorsToA(lower.N0, lower.N1) : default, addressB)
            .MulAdd(Bf16Mma.AccumulatorsToA(upper.N2, upper.N3), TRows.Count == 2 ? Bf16Mma.AccumulatorsToA(lower.N2, lower.N3) : default,
                addressB + 16 * Bf16HeadTile<TSize>.Stride);
    }

    RowAccumulators<TSize, TRows> MulAdd(Fragment upper, Fragment lower, int addressB) => new(
        MulAdd(c0, upper, lower, addressB, 0), MulAdd(c1, upper, lower, addressB, 16), MulAdd(c2, upper, lower, addressB, 32),
        MulAdd(c3, upper, lower, addressB, 48),
        MulAdd(c4, upper, lower, addressB, 64), MulAdd(c5, upper, lower, addressB, 80), MulAdd(c6, upper, lower, addressB, 96),
        MulAdd(c7, upper, lower, addressB, 112));

    static ChannelAccumulators<TRows> MulAdd(ChannelAccumulators<TRows> acc, Fragment upper, Fragment lower, int addressB, int channel) =>
        channel < TSize.Size ? acc.MulAdd(upper, lower, Ptx.LdMatrixTrans(addressB + 2 * channel)) : acc;

    /// <summary>Each row times its factor; a lane holds two rows of each row tile.</summary>
    public RowAccumulators<TSize, TRows> Scale(Float2 upper, Float2 lower) =>
        new(c0.Scale(upper, lower), c1.Scale(upper, lower), c2.Scale(upper, lower), c3.Scale(upper, lower),
        c4.Scale(upper, lower), c5.Scale(upper, lower), c6.Scale(upper, lower), c7.Scale(upper, lower));

    /// <summary>
    /// Stores them as bf16, from row <paramref name="row"/> of <paramref name="rows"/> on, through this warp's shared memory, so that
    /// global stores are coalesced and vectorized to 16 bytes.
    /// </summary>
    public void Store(Bf16Rows to, int row, int rows, int size, int shared, int lane)
    {
        int address = shared + FragmentLayout.CRow(lane, 0) * Bf16HeadTile<TSize>.Stride + 2 * FragmentLayout.CColumn(lane, 0);
        StoreBf16(c0, address, 0);
        StoreBf16(c1, address, 16);
        StoreBf16(c2, address, 32);
        StoreBf16(c3, address, 48);
        StoreBf16(c4, address, 64);
        StoreBf16(c5, address, 80);
        StoreBf16(c6, address, 96);
        StoreBf16(c7, address, 112);
        Ptx.SyncWarp();
        int line = lane / LanesPerLine, unit = lane % LanesPerLine;
        long at = to.At(row + line, 8 * unit), step = LinesPerPass * to.RowBytes;
        int from = shared + line * Bf16HeadTile<TSize>.Stride + 16 * (unit < Bf16HeadTile<TSize>.Units ? unit : 0);
        int rowsLeft = 8 * unit < size ? rows - row - line : 0;
        Copy(from, at, 0, rowsLeft);
        Copy(from, at + step, 1, rowsLeft);
        Copy(from, at + 2 * step, 2, rowsLeft);
        Copy(from, at + 3 * step, 3, rowsLeft);
        Copy(from, at + 4 * step, 4, rowsLeft);
        Copy(from, at + 5 * step, 5, rowsLeft);
        Copy(from, at + 6 * step, 6, rowsLeft);
        Copy(from, at + 7 * step, 7, rowsLeft);
    }

    // Lanes that store a line, a power of two, and lines that a warp stores at a time.
    static int LanesPerLine => Bf16HeadTile<TSize>.Units <= 4 ? 4 : Bf16HeadTile<TSize>.Units <= 8 ? 8 : 16;
    static int LinesPerPass => 32 / LanesPerLine;

    static void Copy(int from, long to, int i, int rowsLeft)
    {
        if (i * LinesPerPass < 16 * TRows.Count)
            Ptx.StoreWords(to, Ptx.LoadSharedWords(from + i * LinesPerPass * Bf16HeadTile<TSize>.Stride), i * LinesPerPass, rowsLeft);
    }

    static void StoreBf16(ChannelAccumulators<TRows> acc, int address, int channel)
    {
        if (channel >= TSize.Size) return;
        StoreBf16(acc.Upper, address + 2 * channel);
        if (TRows.Count == 2) StoreBf16(acc.Lower, address + 2 * channel + 16 * Bf16HeadTile<TSize>.Stride);
    }

    static void StoreBf16(AccumulatorBlock acc, int address)
    {
        StoreBf16(acc.N0, address);
        StoreBf16(acc.N1, address + 16);
    }

    static void StoreBf16(Float4 acc, int address)
    {
        Ptx.StoreSharedWord(address, Ptx.Bf16(acc.X, acc.Y));
        Ptx.StoreSharedWord(address + 8 * Bf16HeadTile<TSize>.Stride, Ptx.Bf16(acc.Z, acc.W));
    }
}
