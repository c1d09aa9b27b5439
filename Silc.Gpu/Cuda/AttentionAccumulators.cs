namespace Silc;

/// <summary>
/// State of a warp of <see cref="Bf16Attention{TSize,TRows,TOccupancy}"/> over its query rows: online softmax, and the accumulators of O.
/// </summary>
readonly struct AttentionAccumulators<TSize, TRows>(OnlineSoftmax upper, OnlineSoftmax lower, RowAccumulators<TSize, TRows> o)
    where TSize : struct, IHeadSize where TRows : struct, IRowTiles
{
    static bool HasTwoHalves => Bf16HeadTile<TSize>.TileRows == 64;
    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;

    readonly OnlineSoftmax upper = upper, lower = lower;
    readonly RowAccumulators<TSize, TRows> o = o;

    public static AttentionAccumulators<TSize, TRows> Empty => new(OnlineSoftmax.Empty, OnlineSoftmax.Empty, default);

    /// <summary>Adds a tile of K and one of V, at a lane's ldmatrix addresses.</summary>
    public AttentionAccumulators<TSize, TRows> Add(HeadFragments<TSize> q, HeadFragments<TSize> lowerQ, int addressK, int addressV, float factor)
    {
        var s0 = q.MulTransposed(lowerQ, default(ScoreRows<TRows>), addressK);
        var s1 = HasTwoHalves ? q.MulTransposed(lowerQ, default(ScoreRows<TRows>), addressK + HalfTile) : default;
        return Add(s0, s1, addressV, factor, HasTwoHalves);
    }

    /// <summary>Adds the last tile, which has <paramref name="keys"/> keys; the rest is masked.</summary>
    public AttentionAccumulators<TSize, TRows> AddLast(HeadFragments<TSize> q, HeadFragments<TSize> lowerQ, int addressK, int addressV,
        float factor, int keys, int lane)
    {
        var s0 = Mask(q.MulTransposed(lowerQ, default(ScoreRows<TRows>), addressK), keys, lane);
        ScoreRows<TRows> s1 = default;
        if (HasTwoHalves)
        {
            if (keys > 32) s1 = q.MulTransposed(lowerQ, default(ScoreRows<TRows>), addressK + HalfTile);
            s1 = Mask(s1, keys - 32, lane);
        }
        return Add(s0, s1, addressV, factor, HasTwoHalves && keys > 32);
    }

    AttentionAccumulators<TSize, TRows> Add(ScoreRows<TRows> s0, ScoreRows<TRows> s1, int addressV, float factor, bool hasSecond)
    {
        Float2 newMax = upper.NewMax(RowMax(s0.Upper, s1.Upper)), rescale = upper.Rescale(newMax, factor),
            scaledMax = new(newMax.X * factor, newMax.Y * factor);
        var p0 = OnlineSoftmax.Exp2(s0.Upper, factor, scaledMax);
        var p1 = HasTwoHalves ? OnlineSoftmax.Exp2(s1.Upper, factor, scaledMax) : default;
        var upperNext = upper.Update(newMax, rescale, PartialSums(p0, p1));
        OnlineSoftmax lowerNext = lower;
        Float2 lowerRescale = default;
        AccumulatorRow lowerP0 = default, lowerP1 = default;
        if (TRows.Count == 2)
        {
            newMax = lower.NewMax(RowMax(s0.Lower, s1.Lower));
            lowerRescale = lower.Rescale(newMax, factor);
            scaledMax = new(newMax.X * factor, newMax.Y * factor);
            lowerP0 = OnlineSoftmax.Exp2(s0.Lower, factor, scaledMax);
            if (HasTwoHalves) lowerP1 = OnlineSoftmax.Exp2(s1.Lower, factor, scaledMax);
            lowerNext = lower.Update(newMax, lowerRescale, PartialSums(lowerP0, lowerP1));
        }
        var acc = o.Scale(rescale, lowerRescale).MulAdd(new ScoreRows<TRows>(p0, lowerP0), addressV);
        if (hasSecond) acc = acc.MulAdd(new ScoreRows<TRows>(p1, lowerP1), addressV + HalfTile);
        return new(upperNext, lowerNext, acc);
    }

    /// <summary>Stores O and the log-sum-exp of each row, through this warp's shared memory.</summary>
    public void Store(HeadLayout heads, int head, HeadIndex index, int row, int shared, int lane)
    {
        Float2 sums = upper.RowSums, inverse = new(1 / sums.X, 1 / sums.Y), lowerInverse = default;
        StoreLse(heads, upper.LogSumExp(sums, heads.Scale), head, row, lane);
        if (TRows.Count == 2)
        {
            sums = lower.RowSums;
            lowerInverse = new(1 / sums.X, 1 / sums.Y);
            StoreLse(heads, lower.LogSumExp(sums, heads.Scale), head, row + 16, lane);
        }
        o.Scale(inverse, lowerInverse).Store(heads.O(index), row, heads.Queries, heads.Size, shared, lane);
    }

    // One lane of a quad stores; predicated rather than branched, so that the warp does not diverge.
    static void StoreLse(HeadLayout heads, Float2 logs, int head, int row, int lane)
    {
        int query = row + FragmentLayout.CRow(lane, 0), lowerQuery = row + FragmentLayout.CRow(lane, 2);
        int rows = FragmentLayout.ThreadInGroup(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), logs.X, query, rows);
        Ptx.Store(heads.Lse(head, lowerQuery), logs.Y, lowerQuery, rows);
    }

    static ScoreRows<TRows> Mask(ScoreRows<TRows> s, int keysLeft, int lane) => new(
        OnlineSoftmax.Mask(s.Upper, keysLeft, lane), TRows.Count == 2 ? OnlineSoftmax.Mask(s.Lower, keysLeft, lane) : s.Lower);

    static Float2 RowMax(AccumulatorRow s0, AccumulatorRow s1) =>
        HasTwoHalves ? OnlineSoftmax.RowMax(OnlineSoftmax.RowMax(s0), OnlineSoftmax.RowMax(s1)) : OnlineSoftmax.RowMax(s0);

    static Float2 PartialSums(AccumulatorRow s0, AccumulatorRow s1)
    {
        Float2 sums = OnlineSoftmax.PartialSums(s0);
        if (!HasTwoHalves) return sums;
        Float2 more = OnlineSoftmax.PartialSums(s1);
        return new(sums.X + more.X, sums.Y + more.Y);
    }
}
