namespace Silc;

/// <summary>Accumulators of 16 x 64 of C.</summary>
readonly struct WideAccumulatorRow(AccumulatorRow n0, AccumulatorRow n1)
{
    public readonly AccumulatorRow N0 = n0, N1 = n1;

    public WideAccumulatorRow MulAdd(Fragment offsetA, Fragment b0, Fragment b1, Fragment b2, Fragment b3) =>
        new(N0.MulAdd<Bf16Mma>(offsetA, b0, b1), N1.MulAdd<Bf16Mma>(offsetA, b2, b3));

    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        N0.Store(epilogue, row, column, offset, shared, lane);
        N1.Store(epilogue, row, column + 32, offset, shared, lane);
    }
}

/// <summary>
/// Accumulators of a warp of the bf16 GEMM: 64 x 64. Each of its 32 mma reads 128 bytes of shared memory on average; with 64 x 32 it would
/// be 192, and shared memory rather than an H100's tensor cores would be the bottleneck (by arithmetic, not measured).
/// </summary>
readonly struct WideAccumulators(WideAccumulatorRow m0, WideAccumulatorRow m1, WideAccumulatorRow m2, WideAccumulatorRow m3)
{
    readonly WideAccumulatorRow m0 = m0, m1 = m1, m2 = m2, m3 = m3;

    /// <summary>Adds A (64 rows, 16 k) times B (16 k, 64 columns), at a lane's ldmatrix offsets in a stage.</summary>
    public WideAccumulators MulAdd<TA, TB>(int stage, int offsetA, int offsetB)
        where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile
    {
        Fragment b0 = TB.LoadFragment(stage + TB.AdvanceMn(offsetB, 0)), b1 = TB.LoadFragment(stage + TB.AdvanceMn(offsetB, 1));
        Fragment b2 = TB.LoadFragment(stage + TB.AdvanceMn(offsetB, 2)), b3 = TB.LoadFragment(stage + TB.AdvanceMn(offsetB, 3));
        return new(
            m0.MulAdd(TA.LoadFragment(stage + TA.AdvanceMn(offsetA, 0)), b0, b1, b2, b3),
            m1.MulAdd(TA.LoadFragment(stage + TA.AdvanceMn(offsetA, 1)), b0, b1, b2, b3),
            m2.MulAdd(TA.LoadFragment(stage + TA.AdvanceMn(offsetA, 2)), b0, b1, b2, b3),
            m3.MulAdd(TA.LoadFragment(stage + TA.AdvanceMn(offsetA, 3)), b0, b1, b2, b3));
    }

    public void Store<TEpilogue>(TEpilogue epilogue, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        m0.Store(epilogue, row, column, offset, shared, lane);
        m1.Store(epilogue, row + 16, column, offset, shared, lane);
        m2.Store(epilogue, row + 32, column, offset, shared, lane);
        m3.Store(epilogue, row + 48, column, offset, shared, lane);
    }
}
