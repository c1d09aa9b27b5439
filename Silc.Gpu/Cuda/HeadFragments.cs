namespace Silc;

/// <summary>16 rows of a head, all channels, in the registers of a warp: left operands that stay there for a whole kernel.</summary>
readonly struct HeadFragments<TSize>(Fragment c0, Fragment c1, Fragment c2, Fragment c3, Fragment c4, Fragment c5, Fragment c6, Fragment c7) where TSize : struct, IHeadSize
{
    readonly Fragment c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Reads them from shared memory, at a lane's address.</summary>
    public static HeadFragments<TSize> Load(int left) => new(
        Load(left, 0), Load(left, 16), Load(left, 32), Load(left, 48), Load(left, 64), Load(left, 80), Load(left, 96), Load(left, 112));

    static Fragment Load(int left, int channel) => channel < TSize.Size ? Ptx.LoadMatrices(left + 2 * channel) : default;

    /// <summary>Reads them from device memory; sizes are multiples of eight.</summary>
    public static HeadFragments<TSize> Read(Bf16Rows x, int row, int rows, int size, int lane)
    {
        row += FragmentLayout.LeftRow(lane, 0);
        long at = x.At(row, 2 * FragmentLayout.LeftWord(lane, 0)), below = at + 8 * x.BytesOfRow;
        int left = rows - row;
        return new(Read(at, below, left, 0, size), Read(at, below, left, 16, size), Read(at, below, left, 32, size), Read(at, below, left, 48, size),
            Read(at, below, left, 64, size), Read(at, below, left, 80, size), Read(at, below, left, 96, size), Read(at, below, left, 112, size));
    }

    static Fragment Read(long at, long below, int left, int channel, int size) => channel < TSize.Size
        ? new(Ptx.LoadWord(at + 2 * channel, 0, left, channel, size), Ptx.LoadWord(below + 2 * channel, 8, left, channel, size),
            Ptx.LoadWord(at + 2 * channel + 16, 0, left, channel + 8, size), Ptx.LoadWord(below + 2 * channel + 16, 8, left, channel + 8, size))
        : default;

    /// <summary>
    /// This lane's part of Σ over channels of the products with other words of the same rows: of its row, and of the one eight further down.
    /// </summary>
    public Float2 Dots(HeadFragments<TSize> x)
    {
        Float2 sums = Dot(default, c0, x.c0, 0);
        sums = Dot(sums, c1, x.c1, 16);
        sums = Dot(sums, c2, x.c2, 32);
        sums = Dot(sums, c3, x.c3, 48);
        sums = Dot(sums, c4, x.c4, 64);
        sums = Dot(sums, c5, x.c5, 80);
        sums = Dot(sums, c6, x.c6, 96);
        return Dot(sums, c7, x.c7, 112);
    }

    static Float2 Dot(Float2 sums, Fragment a, Fragment b, int channel) => channel < TSize.Size
        ? new(Ptx.MulAddBf16Pair(Ptx.MulAddBf16Pair(sums.X, a.X, b.X), a.Z, b.Z), Ptx.MulAddBf16Pair(Ptx.MulAddBf16Pair(sums.Y, a.Y, b.Y), a.W, b.W))
        : sums;

    /// <summary>
    /// Adds the products of a warp's rows, these and those of <paramref name="lower"/>, with 32 lines of a tile, at a lane's address.
    /// </summary>
    public ScoreRows<TBlocks> Products<TBlocks>(HeadFragments<TSize> lower, ScoreRows<TBlocks> sums, int right)
        where TBlocks : struct, IRowTiles
    {
        sums = Add(sums, c0, lower.c0, right, 0);
        sums = Add(sums, c1, lower.c1, right, 16);
        sums = Add(sums, c2, lower.c2, right, 32);
        sums = Add(sums, c3, lower.c3, right, 48);
        sums = Add(sums, c4, lower.c4, right, 64);
        sums = Add(sums, c5, lower.c5, right, 80);
        sums = Add(sums, c6, lower.c6, right, 96);
        return Add(sums, c7, lower.c7, right, 112);
    }

    static ScoreRows<TBlocks> Add<TBlocks>(ScoreRows<TBlocks> sums, Fragment upper, Fragment lower, int right, int channel)
        where TBlocks : struct, IRowTiles =>
        channel < TSize.Size
            ? sums.MulAdd(upper, lower, Ptx.LoadMatrices(right + 2 * channel), Ptx.LoadMatrices(right + 2 * channel + 16 * Bf16HeadTile<TSize>.Stride))
            : sums;
}

/// <summary>Scores of a warp's rows and 32 columns.</summary>
readonly struct ScoreRows<TBlocks>(AccumulatorRow upper, AccumulatorRow lower) where TBlocks : struct, IRowTiles
{
    public readonly AccumulatorRow Upper = upper, Lower = lower;

    public ScoreRows<TBlocks> MulAdd(Fragment up, Fragment low, Fragment right01, Fragment right23) =>
        new(Upper.MulAdd<Bf16Mma>(up, right01, right23), TBlocks.Count == 2 ? Lower.MulAdd<Bf16Mma>(low, right01, right23) : Lower);
}
