namespace Silc;

/// <summary>Accumulators of 16 x 32 of C: four mma fragments of 16 x 8.</summary>
readonly struct AccumulatorRow(Float4 n0, Float4 n1, Float4 n2, Float4 n3)
{
    public readonly Float4 N0 = n0, N1 = n1, N2 = n2, N3 = n3;

    public AccumulatorRow MulAdd<TMma>(Fragment a, Fragment b01, Fragment b23) where TMma : struct, IMma => new(
        TMma.MulAdd(N0, a, b01.X, b01.Y), TMma.MulAdd(N1, a, b01.Z, b01.W),
        TMma.MulAdd(N2, a, b23.X, b23.Y), TMma.MulAdd(N3, a, b23.Z, b23.W));

    /// <summary>
    /// Runs the epilogue, through 2,560 bytes of shared memory a warp: afterwards eight lanes hold the 32 columns of a row, 16 bytes each,
    /// so that global accesses are coalesced.
    /// </summary>
    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane)
        where TEpilogue : struct, IEpilogue =>
        epilogue.Store(row + Row(lane), column + Column(lane), offset, Coalesced(shared, lane));

    /// <summary>As above, for an epilogue whose bias and operand are loaded.</summary>
    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane, Float4 bias, EpilogueQuads operand)
        where TEpilogue : struct, IEpilogue =>
        epilogue.Store(row + Row(lane), column + Column(lane), offset, Coalesced(shared, lane), bias, operand);

    /// <summary>A lane's first row and column of what the epilogue takes.</summary>
    public static int Row(int lane) => lane / 8;
    public static int Column(int lane) => lane % 8 * 4;

    EpilogueQuads Coalesced(int shared, int lane)
    {
        Ptx.SyncWarp();      // all have read the previous rows
        StoreFragment(shared, Stride, N0, 0, lane);
        StoreFragment(shared, Stride, N1, 8, lane);
        StoreFragment(shared, Stride, N2, 16, lane);
        StoreFragment(shared, Stride, N3, 24, lane);
        Ptx.SyncWarp();
        int from = shared + 4 * (Row(lane) * Stride + Column(lane));
        return new(Ptx.LoadShared4(from), Ptx.LoadShared4(from + 4 * EpilogueQuads.RowStep * Stride),
            Ptx.LoadShared4(from + 8 * EpilogueQuads.RowStep * Stride), Ptx.LoadShared4(from + 12 * EpilogueQuads.RowStep * Stride));
    }

    // Rows start 8 banks apart: the 8 columns that four lanes store conflict with no other row's.
    const int Stride = 40;
    public const int SharedBytes = 16 * 4 * Stride;

    /// <summary>Stores a lane's share of a 16 x 8 accumulator fragment to shared memory.</summary>
    public static void StoreFragment(int shared, int stride, Float4 acc, int column, int lane)
    {
        column += FragmentLayout.CColumn(lane, 0);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.CRow(lane, 0) * stride + column), acc.X, acc.Y);
        Ptx.StoreShared2(shared + 4 * (FragmentLayout.CRow(lane, 2) * stride + column), acc.Z, acc.W);
    }
}

/// <summary>Accumulators of a warp: 64 x 32.</summary>
readonly struct WarpAccumulators(AccumulatorRow m0, AccumulatorRow m1, AccumulatorRow m2, AccumulatorRow m3)
{
    readonly AccumulatorRow m0 = m0, m1 = m1, m2 = m2, m3 = m3;

    /// <summary>Adds A (64 rows, 8 words of K) times B (8 words of K, 32 columns).</summary>
    public WarpAccumulators MulAdd<TMma, TA, TB>(int a, int b, int row, int column, int word, int lane)
        where TMma : struct, IMma where TA : struct, IOperandTile where TB : struct, IOperandTile
    {
        Fragment b01 = TB.LoadB(b, column, word, lane), b23 = TB.LoadB(b, column + 16, word, lane);
        return new(
            m0.MulAdd<TMma>(TA.LoadA(a, row, word, lane), b01, b23),
            m1.MulAdd<TMma>(TA.LoadA(a, row + 16, word, lane), b01, b23),
            m2.MulAdd<TMma>(TA.LoadA(a, row + 32, word, lane), b01, b23),
            m3.MulAdd<TMma>(TA.LoadA(a, row + 48, word, lane), b01, b23));
    }

    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane)
        where TEpilogue : struct, IEpilogue
    {
        m0.Store(epilogue, row, column, offset, shared, lane);
        m1.Store(epilogue, row + 16, column, offset, shared, lane);
        m2.Store(epilogue, row + 32, column, offset, shared, lane);
        m3.Store(epilogue, row + 48, column, offset, shared, lane);
    }
}
