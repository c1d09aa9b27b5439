namespace Silc;

/// <summary>Sums of 16 rows and 16 columns.</summary>
readonly struct AccumulatorBlock(Float4 n0, Float4 n1)
{
    public readonly Float4 N0 = n0, N1 = n1;

    public AccumulatorBlock MulAdd<TMma>(Fragment left, Fragment right) where TMma : struct, IMma =>
        new(TMma.MulAdd(N0, left, right.X, right.Y), TMma.MulAdd(N1, left, right.Z, right.W));

    /// <summary>Each row times a factor; a lane holds two rows.</summary>
    public AccumulatorBlock Scale(float row, float rowBelow)
    {
        var factors = new Float4(row, row, rowBelow, rowBelow);
        return new(N0 * factors, N1 * factors);
    }

    // Rows begin 24 banks apart, four of them 8 apart from each other: where they are stored, no lanes meet.
    const int Stride = 24;
    public const int SharedBytes = 16 * 4 * Stride;

    /// <summary>Stores them by way of shared memory, 1,536 bytes a warp, where four lanes come to hold a row.</summary>
    public void Store<TEpilogue>(TEpilogue to, int row, int column, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        Ptx.WarpBarrier();
        AccumulatorRow.Put(shared, Stride, N0, 0, lane);
        AccumulatorRow.Put(shared, Stride, N1, 8, lane);
        Ptx.WarpBarrier();
        for (int i = lane; i < 64; i += 32)
            to.Store(row + Row(i / 4), column + i % 4 * 4, 0, Ptx.LoadShared4(shared + 4 * (Row(i / 4) * Stride + i % 4 * 4)));
    }

    // Eight lanes read two rows: every second one, 16 banks apart.
    static int Row(int i) => i & ~3 | (i & 1) << 1 | i >> 1 & 1;
}

/// <summary>Sums of 16 rows and all channels of a head.</summary>
readonly struct HeadAccumulators<TMma, TSize, TReads>(
    AccumulatorBlock c0, AccumulatorBlock c1, AccumulatorBlock c2, AccumulatorBlock c3, AccumulatorBlock c4, AccumulatorBlock c5, AccumulatorBlock c6, AccumulatorBlock c7)
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad
{
    readonly AccumulatorBlock c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Adds 32 rows of a tile, weighed by 16 x 32 weights.</summary>
    public HeadAccumulators<TMma, TSize, TReads> Add(AccumulatorRow weights, HeadTile<TMma, TSize, TReads> tile, int lane) => TMma.PerWord == 2
        ? Add(TMma.Weights(weights.N0, weights.N1), tile, 0, lane).Add(TMma.Weights(weights.N2, weights.N3), tile, 8, lane)
        : Add(TMma.Weights(weights.N0, default), tile, 0, lane).Add(TMma.Weights(weights.N1, default), tile, 8, lane)
            .Add(TMma.Weights(weights.N2, default), tile, 16, lane).Add(TMma.Weights(weights.N3, default), tile, 24, lane);

    HeadAccumulators<TMma, TSize, TReads> Add(Fragment weights, HeadTile<TMma, TSize, TReads> tile, int depth, int lane) => new(
        tile.Add(c0, 0, weights, depth, lane), tile.Add(c1, 16, weights, depth, lane),
        tile.Add(c2, 32, weights, depth, lane), tile.Add(c3, 48, weights, depth, lane),
        tile.Add(c4, 64, weights, depth, lane), tile.Add(c5, 80, weights, depth, lane),
        tile.Add(c6, 96, weights, depth, lane), tile.Add(c7, 112, weights, depth, lane));

    public HeadAccumulators<TMma, TSize, TReads> Scale(float row, float rowBelow) => new(
        c0.Scale(row, rowBelow), c1.Scale(row, rowBelow), c2.Scale(row, rowBelow), c3.Scale(row, rowBelow),
        c4.Scale(row, rowBelow), c5.Scale(row, rowBelow), c6.Scale(row, rowBelow), c7.Scale(row, rowBelow));

    /// <summary>
    /// Stores them; each warp has <see cref="AccumulatorBlock.SharedBytes"/> of shared memory from <paramref name="shared"/> on.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue to, int row, int shared, int thread) where TEpilogue : struct, IEpilogue
    {
        int lane = thread % 32;
        shared += thread / 32 * AccumulatorBlock.SharedBytes;
        Store(to, c0, row, 0, shared, lane);
        Store(to, c1, row, 16, shared, lane);
        Store(to, c2, row, 32, shared, lane);
        Store(to, c3, row, 48, shared, lane);
        Store(to, c4, row, 64, shared, lane);
        Store(to, c5, row, 80, shared, lane);
        Store(to, c6, row, 96, shared, lane);
        Store(to, c7, row, 112, shared, lane);
    }

    static void Store<TEpilogue>(TEpilogue to, AccumulatorBlock sums, int row, int column, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        if (column < TSize.Size) sums.Store(to, row, column, shared, lane);
    }
}
