using ILGPU;

namespace Silc;

/// <summary>The sums of 16 rows and 32 columns of C: four tiles of 16 x 8.</summary>
readonly struct SumsRow(Float4 n0, Float4 n1, Float4 n2, Float4 n3)
{
    public readonly Float4 N0 = n0, N1 = n1, N2 = n2, N3 = n3;

    public SumsRow MulAdd<TMma>(Words left, Words right01, Words right23) where TMma : struct, IMma => new(
        TMma.MulAdd(N0, left, right01.X, right01.Y), TMma.MulAdd(N1, left, right01.Z, right01.W),
        TMma.MulAdd(N2, left, right23.X, right23.Y), TMma.MulAdd(N3, left, right23.Z, right23.W));

    /// <summary>
    /// Hands the sums to the epilogue by way of shared memory, 2,304 bytes a warp: there eight lanes come to hold the 32 columns of a row, 16 bytes each.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        Ptx.WarpBarrier();      // all have read the rows before
        Put(shared, N0, 0, lane);
        Put(shared, N1, 8, lane);
        Put(shared, N2, 16, lane);
        Put(shared, N3, 24, lane);
        Ptx.WarpBarrier();
        for (int i = lane; i < 128; i += 32)
            to.Store(row + i / 8, column + i % 8 * 4, offset, Ptx.LoadShared4(shared + 4 * (i / 8 * Stride + i % 8 * 4)));
    }

    // Nine times 16 bytes: rows begin in different banks.
    const int Stride = 36;
    public const int SharedBytes = 16 * 4 * Stride;

    static void Put(int shared, Float4 sums, int column, int lane)
    {
        column += FragmentLayout.SumColumn(lane, 0);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.SumRow(lane, 0) * Stride + column), sums.X, sums.Y);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.SumRow(lane, 2) * Stride + column), sums.Z, sums.W);
    }
}

/// <summary>The sums that a warp makes, 64 x 32.</summary>
readonly struct WarpSums(SumsRow m0, SumsRow m1, SumsRow m2, SumsRow m3)
{
    readonly SumsRow m0 = m0, m1 = m1, m2 = m2, m3 = m3;

    /// <summary>Adds the product of 64 rows by eight words and eight words by 32 columns.</summary>
    public WarpSums MulAdd<TMma, TLeft, TRight>(int left, int right, int row, int column, int word, int lane)
        where TMma : struct, IMma where TLeft : struct, IOperand where TRight : struct, IOperand
    {
        Words right01 = TRight.Right(right, column, word, lane), right23 = TRight.Right(right, column + 16, word, lane);
        return new(m0.MulAdd<TMma>(TLeft.Left(left, row, word, lane), right01, right23), m1.MulAdd<TMma>(TLeft.Left(left, row + 16, word, lane), right01, right23),
            m2.MulAdd<TMma>(TLeft.Left(left, row + 32, word, lane), right01, right23), m3.MulAdd<TMma>(TLeft.Left(left, row + 48, word, lane), right01, right23));
    }

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        m0.Store(to, row, column, offset, shared, lane);
        m1.Store(to, row + 16, column, offset, shared, lane);
        m2.Store(to, row + 32, column, offset, shared, lane);
        m3.Store(to, row + 48, column, offset, shared, lane);
    }
}

/// <summary>
/// C = op(A)·op(B) on tensor cores, 128 x 128 of C a group. Two tiles of each operand are in shared memory: while one is multiplied, the next is
/// on its way through registers, where it is rounded.
/// </summary>
readonly struct TensorMatMul<TMma, TLeft, TRight, TReads, TEpilogue>(Product product, TEpilogue epilogue) : IKernel
    where TMma : struct, IMma where TLeft : struct, IOperand where TRight : struct, IOperand where TReads : struct, IReads where TEpilogue : struct, IEpilogue
{
    static int LeftBytes => 4 * TLeft.Lines * TLeft.Stride;
    static int Bytes => LeftBytes + 4 * TRight.Lines * TRight.Stride;
    static int Depth => ProductTile.Words * TMma.PerWord;

    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = product.Row(group) * ProductTile.Side, column = product.Column(group) * ProductTile.Side;
        int warpRow = warp / ProductTile.WarpsAcross * ProductTile.WarpRows, warpColumn = warp % ProductTile.WarpsAcross * ProductTile.WarpColumns;
        int tiles = Ptx.Shared(2 * Bytes), tile = tiles, depth = product.Begin(group), end = product.End(group);
        MatrixAt a = product.A(group), b = product.B(group);

        Stage<TMma, TLeft, TReads>.Read(a, row, product.M, depth, end, thread).Store(tile, thread);
        Stage<TMma, TRight, TReads>.Read(b, column, product.N, depth, end, thread).Store(tile + LeftBytes, thread);
        Ptx.Barrier();
        WarpSums sums = default;
        for (; depth < end; depth += Depth)
        {
            // Behind the last tile these read nothing and give zeros.
            var left = Stage<TMma, TLeft, TReads>.Read(a, row, product.M, depth + Depth, end, thread);
            var right = Stage<TMma, TRight, TReads>.Read(b, column, product.N, depth + Depth, end, thread);
            sums = sums.MulAdd<TMma, TLeft, TRight>(tile, tile + LeftBytes, warpRow, warpColumn, 0, lane);
            sums = sums.MulAdd<TMma, TLeft, TRight>(tile, tile + LeftBytes, warpRow, warpColumn, 8, lane);
            // One barrier a tile is enough: nobody has read the other tile since the barrier before.
            tile = tile == tiles ? tiles + Bytes : tiles;
            left.Store(tile, thread);
            right.Store(tile + LeftBytes, thread);
            Ptx.Barrier();
        }
        sums.Store(epilogue, row + warpRow, column + warpColumn, product.C(group), tiles + warp * SumsRow.SharedBytes, lane);
    }
}
