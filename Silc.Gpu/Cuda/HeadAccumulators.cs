namespace Silc;

/// <summary>Accumulators of 16 x 16: two mma fragments.</summary>
readonly struct AccumulatorBlock(Float4 n0, Float4 n1)
{
    public readonly Float4 N0 = n0, N1 = n1;

    public AccumulatorBlock MulAdd<TMma>(Fragment a, Fragment b) where TMma : struct, IMma =>
        new(TMma.MulAdd(N0, a, b.X, b.Y), TMma.MulAdd(N1, a, b.Z, b.W));

    /// <summary>Each row times its factor; a lane holds two rows.</summary>
    public AccumulatorBlock Scale(float row, float lowerRow)
    {
        var factors = new Float4(row, row, lowerRow, lowerRow);
        return new(N0 * factors, N1 * factors);
    }

    // Rows start 24 banks apart, so the four rows of a store phase start at banks 0, 24, 16 and 8: no bank conflicts.
    const int Stride = 24;
    public const int SharedBytes = 16 * 4 * Stride;

    /// <summary>Runs the epilogue, through 1,536 bytes of shared memory a warp, after which four lanes hold a row.</summary>
    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        Ptx.SyncWarp();
        AccumulatorRow.StoreFragment(shared, Stride, N0, 0, lane);
        AccumulatorRow.StoreFragment(shared, Stride, N1, 8, lane);
        Ptx.SyncWarp();
        for (int i = lane; i < 64; i += 32)
            epilogue.Store(row + Row(i / 4), column + i % 4 * 4, 0, Ptx.LoadShared4(shared + 4 * (Row(i / 4) * Stride + i % 4 * 4)));
    }

    // Eight lanes read two rows at a time, row i and i + 2, which are 16 banks apart: no bank conflicts.
    static int Row(int i) => i & ~3 | (i & 1) << 1 | i >> 1 & 1;
}

/// <summary>Accumulators of 16 rows and all channels of a head.</summary>
readonly struct HeadAccumulators<TMma, TSize, TLoad>(
    AccumulatorBlock c0, AccumulatorBlock c1, AccumulatorBlock c2, AccumulatorBlock c3, AccumulatorBlock c4, AccumulatorBlock c5,
    AccumulatorBlock c6, AccumulatorBlock c7)
    where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad
{
    readonly AccumulatorBlock c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Adds P·X: P (16 x 32) from registers, X 32 rows of a tile.</summary>
    public HeadAccumulators<TMma, TSize, TLoad> MulAdd(AccumulatorRow p, HeadTile<TMma, TSize, TLoad> tile, int lane) => TMma.ValuesPerWord == 2
        ? MulAdd(TMma.AccumulatorsToA(p.N0, p.N1), tile, 0, lane).MulAdd(TMma.AccumulatorsToA(p.N2, p.N3), tile, 8, lane)
        : MulAdd(TMma.AccumulatorsToA(p.N0, default), tile, 0, lane).MulAdd(TMma.AccumulatorsToA(p.N1, default), tile, 8, lane)
            .MulAdd(TMma.AccumulatorsToA(p.N2, default), tile, 16, lane).MulAdd(TMma.AccumulatorsToA(p.N3, default), tile, 24, lane);

    HeadAccumulators<TMma, TSize, TLoad> MulAdd(Fragment p, HeadTile<TMma, TSize, TLoad> tile, int word, int lane) => new(
        tile.MulAdd(c0, 0, p, word, lane), tile.MulAdd(c1, 16, p, word, lane),
        tile.MulAdd(c2, 32, p, word, lane), tile.MulAdd(c3, 48, p, word, lane),
        tile.MulAdd(c4, 64, p, word, lane), tile.MulAdd(c5, 80, p, word, lane),
        tile.MulAdd(c6, 96, p, word, lane), tile.MulAdd(c7, 112, p, word, lane));

    public HeadAccumulators<TMma, TSize, TLoad> Scale(float row, float lowerRow) => new(
        c0.Scale(row, lowerRow), c1.Scale(row, lowerRow), c2.Scale(row, lowerRow), c3.Scale(row, lowerRow),
        c4.Scale(row, lowerRow), c5.Scale(row, lowerRow), c6.Scale(row, lowerRow), c7.Scale(row, lowerRow));

    /// <summary>
    /// Runs the epilogue; each warp has <see cref="AccumulatorBlock.SharedBytes"/> of shared memory from <paramref name="shared"/> on.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue epilogue, int row, int shared, int thread) where TEpilogue : struct, IEpilogue
    {
        int lane = thread % 32;
        shared += thread / 32 * AccumulatorBlock.SharedBytes;
        Store(epilogue, c0, row, 0, shared, lane);
        Store(epilogue, c1, row, 16, shared, lane);
        Store(epilogue, c2, row, 32, shared, lane);
        Store(epilogue, c3, row, 48, shared, lane);
        Store(epilogue, c4, row, 64, shared, lane);
        Store(epilogue, c5, row, 80, shared, lane);
        Store(epilogue, c6, row, 96, shared, lane);
        Store(epilogue, c7, row, 112, shared, lane);
    }

    static void Store<TEpilogue>(TEpilogue epilogue, AccumulatorBlock acc, int row, int column, int shared, int lane)
        where TEpilogue : struct, IEpilogue
    {
        if (column < TSize.Size) acc.Store(epilogue, row, column, shared, lane);
    }
}
