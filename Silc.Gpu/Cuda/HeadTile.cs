namespace Silc;

/// <summary>Channels of a head that registers and shared memory have room for; smaller heads are filled up with zeros.</summary>
interface IHeadSize
{
    static abstract int Size { get; }
}

readonly struct Head32 : IHeadSize
{
    public static int Size => 32;
}

readonly struct Head64 : IHeadSize
{
    public static int Size => 64;
}

readonly struct Head80 : IHeadSize
{
    public static int Size => 80;
}

readonly struct Head128 : IHeadSize
{
    public static int Size => 128;
}

/// <summary>Rows of one head (queries, keys, values or gradients) in shared memory, a line a row.</summary>
static class HeadTile<TMma, TSize, TReads> where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    /// <summary>Rows that pass by in each round of attention's loops.</summary>
    public const int Passing = 32;

    public static int Words => TSize.Size / TMma.PerWord;

    // An odd number of 16-byte units, for ldmatrix; and pairs of lines are 8 banks apart, for tf32's weighed operand.
    public static int Stride => Words + 4;

    public static int Bytes(int rows) => 4 * rows * Stride;

    /// <summary>Copies <paramref name="count"/> rows from <paramref name="first"/> on; rows behind <paramref name="rows"/> and channels behind <paramref name="size"/> are zeros.</summary>
    public static void Copy(MatrixAt x, int first, int count, int rows, int size, int tile, int thread, int threads)
    {
        for (int i = thread; i < count * TSize.Size / 4; i += threads)
        {
            int row = i / (TSize.Size / 4), channel = i % (TSize.Size / 4) * 4;
            TMma.Store(tile + 4 * (row * Stride + channel / TMma.PerWord), TReads.Four(x.At(first + row, channel), first + row, rows, channel, size));
        }
    }

    /// <summary>Products of 16 rows of one tile, from <paramref name="row"/> on, with 32 rows of another.</summary>
    public static SumsRow Products(int left, int row, int right, int lane)
    {
        SumsRow sums = default;
        int from = left + 4 * ((row + FragmentLayout.LeftMatrixRow(lane)) * Stride + FragmentLayout.LeftMatrixWord(lane));
        int with = right + 4 * (FragmentLayout.RightMatrixColumn(lane) * Stride + FragmentLayout.RightMatrixWord(lane));
        for (int word = 0; word < Words; word += 8)
            sums = sums.MulAdd<TMma>(Ptx.LoadMatrices(from + 4 * word), Ptx.LoadMatrices(with + 4 * word), Ptx.LoadMatrices(with + 4 * (word + 16 * Stride)));
        return sums;
    }
}

/// <summary>Sums of 16 rows and 16 columns.</summary>
readonly struct SumsBlock(Float4 n0, Float4 n1)
{
    readonly Float4 n0 = n0, n1 = n1;

    public SumsBlock MulAdd<TMma>(Words left, Words right) where TMma : struct, IMma =>
        new(TMma.MulAdd(n0, left, right.X, right.Y), TMma.MulAdd(n1, left, right.Z, right.W));

    /// <summary>Each row times a factor; a lane holds two rows.</summary>
    public SumsBlock Scale(float row, float rowBelow)
    {
        var factors = new Float4(row, row, rowBelow, rowBelow);
        return new(n0 * factors, n1 * factors);
    }

    // Rows begin 24 banks apart, four of them 8 apart from each other: where they are stored, no lanes meet.
    const int Stride = 24;
    public const int SharedBytes = 16 * 4 * Stride;

    /// <summary>Stores them by way of shared memory, 1,536 bytes a warp, where four lanes come to hold a row.</summary>
    public void Store(Sums to, int row, int column, int shared, int lane)
    {
        Ptx.WarpBarrier();
        SumsRow.Put(shared, Stride, n0, 0, lane);
        SumsRow.Put(shared, Stride, n1, 8, lane);
        Ptx.WarpBarrier();
        for (int i = lane; i < 64; i += 32)
            to.Store(row + Row(i / 4), column + i % 4 * 4, 0, Ptx.LoadShared4(shared + 4 * (Row(i / 4) * Stride + i % 4 * 4)));
    }

    // Eight lanes read two rows: every second one, 16 banks apart.
    static int Row(int i) => i & ~3 | (i & 1) << 1 | i >> 1 & 1;
}

/// <summary>Sums of 16 rows and all channels of a head.</summary>
readonly struct HeadSums<TMma, TSize, TReads>(SumsBlock c0, SumsBlock c1, SumsBlock c2, SumsBlock c3, SumsBlock c4, SumsBlock c5, SumsBlock c6, SumsBlock c7)
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    readonly SumsBlock c0 = c0, c1 = c1, c2 = c2, c3 = c3, c4 = c4, c5 = c5, c6 = c6, c7 = c7;

    /// <summary>Adds the rows of a tile, weighed: weights are 16 x 32, the tile has 32 rows.</summary>
    public HeadSums<TMma, TSize, TReads> Add(SumsRow weights, int tile, int lane) => TMma.PerWord == 2
        ? Add(TMma.Weights(weights.N0, weights.N1), tile, 0, lane).Add(TMma.Weights(weights.N2, weights.N3), tile, 8, lane)
        : Add(TMma.Weights(weights.N0, default), tile, 0, lane).Add(TMma.Weights(weights.N1, default), tile, 8, lane)
            .Add(TMma.Weights(weights.N2, default), tile, 16, lane).Add(TMma.Weights(weights.N3, default), tile, 24, lane);

    HeadSums<TMma, TSize, TReads> Add(Words weights, int tile, int depth, int lane) => new(
        Add(c0, 0, weights, tile, depth, lane), Add(c1, 16, weights, tile, depth, lane), Add(c2, 32, weights, tile, depth, lane), Add(c3, 48, weights, tile, depth, lane),
        Add(c4, 64, weights, tile, depth, lane), Add(c5, 80, weights, tile, depth, lane), Add(c6, 96, weights, tile, depth, lane), Add(c7, 112, weights, tile, depth, lane));

    static SumsBlock Add(SumsBlock sums, int column, Words weights, int tile, int depth, int lane) => column < TSize.Size
        ? sums.MulAdd<TMma>(weights, TMma.Weighed(tile, HeadTile<TMma, TSize, TReads>.Stride, depth, column, lane))
        : sums;

    public HeadSums<TMma, TSize, TReads> Scale(float row, float rowBelow) => new(c0.Scale(row, rowBelow), c1.Scale(row, rowBelow), c2.Scale(row, rowBelow),
        c3.Scale(row, rowBelow), c4.Scale(row, rowBelow), c5.Scale(row, rowBelow), c6.Scale(row, rowBelow), c7.Scale(row, rowBelow));

    public void Store(Sums to, int row, int shared, int lane)
    {
        Store(to, c0, row, 0, shared, lane);
        Store(to, c1, row, 16, shared, lane);
        Store(to, c2, row, 32, shared, lane);
        Store(to, c3, row, 48, shared, lane);
        Store(to, c4, row, 64, shared, lane);
        Store(to, c5, row, 80, shared, lane);
        Store(to, c6, row, 96, shared, lane);
        Store(to, c7, row, 112, shared, lane);
    }

    static void Store(Sums to, SumsBlock sums, int row, int column, int shared, int lane)
    {
        if (column < TSize.Size) sums.Store(to, row, column, shared, lane);
    }
}
