namespace Silc;

/// <summary>The sums of 16 rows and 64 columns of C.</summary>
readonly struct WideAccumulatorRow(AccumulatorRow near, AccumulatorRow far)
{
    readonly AccumulatorRow near = near, far = far;

    public WideAccumulatorRow MulAdd(Fragment left, Fragment right0, Fragment right1, Fragment right2, Fragment right3) =>
        new(near.MulAdd<Bf16Mma>(left, right0, right1), far.MulAdd<Bf16Mma>(left, right2, right3));

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        near.Store(to, row, column, offset, shared, lane);
        far.Store(to, row, column + 32, offset, shared, lane);
    }
}

/// <summary>
/// The sums that a warp makes of stored bf16, 64 x 64. For each of its 32 multiplications it reads 128 bytes of shared memory; with
/// 64 x 32, of 192, shared memory would be busy for longer than an H100's tensor cores (by arithmetic: no GPU was at hand).
/// </summary>
readonly struct WideAccumulators(WideAccumulatorRow m0, WideAccumulatorRow m1, WideAccumulatorRow m2, WideAccumulatorRow m3)
{
    readonly WideAccumulatorRow m0 = m0, m1 = m1, m2 = m2, m3 = m3;

    /// <summary>Adds the product of 64 rows by 16 places of the sum and those by 64 columns, at a lane's offsets in a tile.</summary>
    public WideAccumulators MulAdd<TLeft, TRight>(int tile, int left, int right)
        where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile
    {
        Fragment r0 = TRight.Load(tile + TRight.Block(right, 0)), r1 = TRight.Load(tile + TRight.Block(right, 1));
        Fragment r2 = TRight.Load(tile + TRight.Block(right, 2)), r3 = TRight.Load(tile + TRight.Block(right, 3));
        return new(
            m0.MulAdd(TLeft.Load(tile + TLeft.Block(left, 0)), r0, r1, r2, r3), m1.MulAdd(TLeft.Load(tile + TLeft.Block(left, 1)), r0, r1, r2, r3),
            m2.MulAdd(TLeft.Load(tile + TLeft.Block(left, 2)), r0, r1, r2, r3), m3.MulAdd(TLeft.Load(tile + TLeft.Block(left, 3)), r0, r1, r2, r3));
    }

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        m0.Store(to, row, column, offset, shared, lane);
        m1.Store(to, row + 16, column, offset, shared, lane);
        m2.Store(to, row + 32, column, offset, shared, lane);
        m3.Store(to, row + 48, column, offset, shared, lane);
    }
}
