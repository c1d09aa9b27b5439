namespace Silc;

/// <summary>A fragments of 16 rows and all channels of a head, which stay in a warp's registers for the whole kernel.</summary>
readonly struct HeadFragments<TSize>(Fragment c0, Fragment c1, Fragment c2, Fragment c3, Fragment c4, Fragment c5, Fragment c6,
    Fragment c7) where TSize : struct, IHeadSize
{
    readonly Fragment c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Loads them from shared memory, at a lane's ldmatrix address.</summary>
    public static HeadFragments<TSize> Load(int addressA) => new(
        Load(addressA, 0), Load(addressA, 16), Load(addressA, 32), Load(addressA, 48), Load(addressA, 64), Load(addressA, 80),
        Load(addressA, 96), Load(addressA, 112));

    static Fragment Load(int addressA, int channel) => channel < TSize.Size ? Ptx.LdMatrix(addressA + 2 * channel) : default;

    /// <summary>Loads them from global memory; sizes are multiples of eight.</summary>
    public static HeadFragments<TSize> LoadGlobal(Bf16Rows x, int row, int rows, int size, int lane)
    {
        row += FragmentLayout.ARow(lane, 0);
        long at = x.At(row, 2 * FragmentLayout.AWord(lane, 0)), lowerAddress = at + 8 * x.RowBytes;
        int rowsLeft = rows - row;
        return new(LoadGlobal(at, lowerAddress, rowsLeft, 0, size), LoadGlobal(at, lowerAddress, rowsLeft, 16, size),
            LoadGlobal(at, lowerAddress, rowsLeft, 32, size), LoadGlobal(at, lowerAddress, rowsLeft, 48, size),
            LoadGlobal(at, lowerAddress, rowsLeft, 64, size), LoadGlobal(at, lowerAddress, rowsLeft, 80, size),
            LoadGlobal(at, lowerAddress, rowsLeft, 96, size), LoadGlobal(at, lowerAddress, rowsLeft, 112, size));
    }

    static Fragment LoadGlobal(long at, long lowerAddress, int rowsLeft, int channel, int size) => channel < TSize.Size
        ? new(Ptx.LoadWord(at + 2 * channel, 0, rowsLeft, channel, size), Ptx.LoadWord(lowerAddress + 2 * channel, 8, rowsLeft, channel, size),
            Ptx.LoadWord(at + 2 * channel + 16, 0, rowsLeft, channel + 8, size),
            Ptx.LoadWord(lowerAddress + 2 * channel + 16, 8, rowsLeft, channel + 8, size))
        : default;

    /// <summary>
    /// This lane's partial dot products, over channels, with other fragments of the same rows: X of its row, Y of the row eight further
    /// down.
    /// </summary>
    public Float2 RowDots(HeadFragments<TSize> x)
    {
        Float2 acc = Dot(default, c0, x.c0, 0);
        acc = Dot(acc, c1, x.c1, 16);
        acc = Dot(acc, c2, x.c2, 32);
        acc = Dot(acc, c3, x.c3, 48);
        acc = Dot(acc, c4, x.c4, 64);
        acc = Dot(acc, c5, x.c5, 80);
        acc = Dot(acc, c6, x.c6, 96);
        return Dot(acc, c7, x.c7, 112);
    }

    static Float2 Dot(Float2 acc, Fragment a, Fragment b, int channel) => channel < TSize.Size
        ? new(Ptx.FmaBf16Pair(Ptx.FmaBf16Pair(acc.X, a.X, b.X), a.Z, b.Z), Ptx.FmaBf16Pair(Ptx.FmaBf16Pair(acc.Y, a.Y, b.Y), a.W, b.W))
        : acc;

    /// <summary>
    /// acc + X·Yᵀ: the warp's rows, these and those of <paramref name="lower"/>, times 32 rows of a tile, at a lane's ldmatrix address.
    /// </summary>
    public ScoreRows<TRows> MulTransposed<TRows>(HeadFragments<TSize> lower, ScoreRows<TRows> acc, int addressB)
        where TRows : struct, IRowTiles
    {
        acc = MulAdd(acc, c0, lower.c0, addressB, 0);
        acc = MulAdd(acc, c1, lower.c1, addressB, 16);
        acc = MulAdd(acc, c2, lower.c2, addressB, 32);
        acc = MulAdd(acc, c3, lower.c3, addressB, 48);
        acc = MulAdd(acc, c4, lower.c4, addressB, 64);
        acc = MulAdd(acc, c5, lower.c5, addressB, 80);
        acc = MulAdd(acc, c6, lower.c6, addressB, 96);
        return MulAdd(acc, c7, lower.c7, addressB, 112);
    }

    static ScoreRows<TRows> MulAdd<TRows>(ScoreRows<TRows> acc, Fragment upper, Fragment lower, int addressB, int channel)
        where TRows : struct, IRowTiles =>
        channel < TSize.Size
            ? acc.MulAdd(upper, lower, Ptx.LdMatrix(addressB + 2 * channel), Ptx.LdMatrix(addressB + 2 * channel + 16 * Bf16HeadTile<TSize>.Stride))
            : acc;
}

/// <summary>Scores of a warp's row tiles (16 or 32 rows) and 32 columns.</summary>
readonly struct ScoreRows<TRows>(AccumulatorRow upper, AccumulatorRow lower) where TRows : struct, IRowTiles
{
    public readonly AccumulatorRow Upper = upper, Lower = lower;

    public ScoreRows<TRows> MulAdd(Fragment upper, Fragment lower, Fragment b01, Fragment b23) =>
        new(Upper.MulAdd<Bf16Mma>(upper, b01, b23), TRows.Count == 2 ? Lower.MulAdd<Bf16Mma>(lower, b01, b23) : Lower);
}
