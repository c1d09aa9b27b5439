namespace Silc;

/// <summary>16 rows of a head, all channels, in the registers of a warp: left operands that stay there for a whole kernel.</summary>
readonly struct HeadWords<TSize>(Words c0, Words c1, Words c2, Words c3, Words c4, Words c5, Words c6, Words c7) where TSize : struct, IHeadSize
{
    readonly Words c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Reads them from shared memory, at a lane's address.</summary>
    public static HeadWords<TSize> Load(int left) => new(
        Load(left, 0), Load(left, 16), Load(left, 32), Load(left, 48), Load(left, 64), Load(left, 80), Load(left, 96), Load(left, 112));

    static Words Load(int left, int channel) => channel < TSize.Size ? Ptx.LoadMatrices(left + 2 * channel) : default;

    /// <summary>
    /// This lane's part of Σ over channels of the products with x, whose rows these are from <paramref name="row"/> on: of its row, and of the one
    /// eight further down.
    /// </summary>
    public Float2 Dots(MatrixAt x, int row, int rows, int size, int lane)
    {
        row += FragmentLayout.LeftRow(lane, 0);
        int column = 2 * FragmentLayout.LeftWord(lane, 0);
        Float2 sums = default;
        sums = Dot(sums, c0, x, row, rows, 0 + column, 0, size);
        sums = Dot(sums, c1, x, row, rows, 16 + column, 16, size);
        sums = Dot(sums, c2, x, row, rows, 32 + column, 32, size);
        sums = Dot(sums, c3, x, row, rows, 48 + column, 48, size);
        sums = Dot(sums, c4, x, row, rows, 64 + column, 64, size);
        sums = Dot(sums, c5, x, row, rows, 80 + column, 80, size);
        sums = Dot(sums, c6, x, row, rows, 96 + column, 96, size);
        return Dot(sums, c7, x, row, rows, 112 + column, 112, size);
    }

    static Float2 Dot(Float2 sums, Words left, MatrixAt x, int row, int rows, int column, int channel, int size)
    {
        if (channel >= TSize.Size) return sums;
        float sum = Ptx.MulAddHalves(sums.X, left.X, Ptx.LoadWord(x.At(row, column), row, rows, column, size));
        float below = Ptx.MulAddHalves(sums.Y, left.Y, Ptx.LoadWord(x.At(row + 8, column), row + 8, rows, column, size));
        return new(Ptx.MulAddHalves(sum, left.Z, Ptx.LoadWord(x.At(row, column + 8), row, rows, column + 8, size)),
            Ptx.MulAddHalves(below, left.W, Ptx.LoadWord(x.At(row + 8, column + 8), row + 8, rows, column + 8, size)));
    }

    /// <summary>Adds the products of a warp's rows, these and those of <paramref name="lower"/>, with 32 lines of a tile, at a lane's address.</summary>
    public ScoreRows<TBlocks> Products<TBlocks>(HeadWords<TSize> lower, ScoreRows<TBlocks> sums, int right) where TBlocks : struct, IRowBlocks
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

    static ScoreRows<TBlocks> Add<TBlocks>(ScoreRows<TBlocks> sums, Words upper, Words lower, int right, int channel) where TBlocks : struct, IRowBlocks =>
        channel < TSize.Size
            ? sums.MulAdd(upper, lower, Ptx.LoadMatrices(right + 2 * channel), Ptx.LoadMatrices(right + 2 * channel + 16 * HeadLines<TSize>.Stride))
            : sums;
}

/// <summary>Scores of a warp's rows and 32 columns.</summary>
readonly struct ScoreRows<TBlocks>(SumsRow upper, SumsRow lower) where TBlocks : struct, IRowBlocks
{
    public readonly SumsRow Upper = upper, Lower = lower;

    public ScoreRows<TBlocks> MulAdd(Words up, Words low, Words right01, Words right23) =>
        new(Upper.MulAdd<Bf16>(up, right01, right23), TBlocks.Count == 2 ? Lower.MulAdd<Bf16>(low, right01, right23) : Lower);
}
