namespace Silc;

/// <summary>The sums of 16 rows and 32 columns of C: four tiles of 16 x 8.</summary>
readonly struct AccumulatorRow(Float4 n0, Float4 n1, Float4 n2, Float4 n3)
{
    public readonly Float4 N0 = n0, N1 = n1, N2 = n2, N3 = n3;

    public AccumulatorRow MulAdd<TMma>(Fragment left, Fragment right01, Fragment right23) where TMma : struct, IMma => new(
        TMma.MulAdd(N0, left, right01.X, right01.Y), TMma.MulAdd(N1, left, right01.Z, right01.W),
        TMma.MulAdd(N2, left, right23.X, right23.Y), TMma.MulAdd(N3, left, right23.Z, right23.W));

    /// <summary>
    /// Hands the sums to the epilogue by way of shared memory, 2,560 bytes a warp: eight lanes come to hold the 32 columns of a
    /// row, 16 bytes each.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane)
        where TEpilogue : struct, IEpilogue
    {
        Ptx.WarpBarrier();      // all have read the rows before
        Put(shared, Stride, N0, 0, lane);
        Put(shared, Stride, N1, 8, lane);
        Put(shared, Stride, N2, 16, lane);
        Put(shared, Stride, N3, 24, lane);
        Ptx.WarpBarrier();
        int from = shared + 4 * (lane / 8 * Stride + lane % 8 * 4);
        to.Store(row + lane / 8, column + lane % 8 * 4, offset, new EpilogueQuads(Ptx.LoadShared4(from), Ptx.LoadShared4(from + 4 * EpilogueQuads.Step * Stride),
            Ptx.LoadShared4(from + 8 * EpilogueQuads.Step * Stride), Ptx.LoadShared4(from + 12 * EpilogueQuads.Step * Stride)));
    }

    // Rows begin 8 banks apart: the eight columns that four lanes store meet no others.
    const int Stride = 40;
    public const int SharedBytes = 16 * 4 * Stride;

    /// <summary>Stores a lane's part of 16 x 8 sums in shared memory.</summary>
    public static void Put(int shared, int stride, Float4 sums, int column, int lane)
    {
        column += FragmentLayout.SumColumn(lane, 0);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.SumRow(lane, 0) * stride + column), sums.X, sums.Y);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.SumRow(lane, 2) * stride + column), sums.Z, sums.W);
    }
}

/// <summary>The sums that a warp makes, 64 x 32.</summary>
readonly struct WarpAccumulators(AccumulatorRow m0, AccumulatorRow m1, AccumulatorRow m2, AccumulatorRow m3)
{
    readonly AccumulatorRow m0 = m0, m1 = m1, m2 = m2, m3 = m3;

    /// <summary>Adds the product of 64 rows by eight words and eight words by 32 columns.</summary>
    public WarpAccumulators MulAdd<TMma, TLeft, TRight>(int left, int right, int row, int column, int word, int lane)
        where TMma : struct, IMma where TLeft : struct, IOperandTile where TRight : struct, IOperandTile
    {
        Fragment right01 = TRight.Right(right, column, word, lane), right23 = TRight.Right(right, column + 16, word, lane);
        return new(
            m0.MulAdd<TMma>(TLeft.Left(left, row, word, lane), right01, right23),
            m1.MulAdd<TMma>(TLeft.Left(left, row + 16, word, lane), right01, right23),
            m2.MulAdd<TMma>(TLeft.Left(left, row + 32, word, lane), right01, right23),
            m3.MulAdd<TMma>(TLeft.Left(left, row + 48, word, lane), right01, right23));
    }

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane)
        where TEpilogue : struct, IEpilogue
    {
        m0.Store(to, row, column, offset, shared, lane);
        m1.Store(to, row + 16, column, offset, shared, lane);
        m2.Store(to, row + 32, column, offset, shared, lane);
        m3.Store(to, row + 48, column, offset, shared, lane);
    }
}
