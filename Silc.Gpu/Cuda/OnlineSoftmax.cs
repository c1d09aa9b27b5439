using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Online softmax of two rows (Milakov and Gimelshein 2018, arXiv:1805.02867): running maximum, and this lane's share of Σ exp(score -
/// max). X is of a lane's row, Y of the row eight further down. Scores are unscaled; <c>factor</c> = scale · log2 e turns them into
/// exponents of 2.
/// </summary>
readonly struct OnlineSoftmax(Float2 max, Float2 sum)
{
    public static OnlineSoftmax Empty => new(new(float.MinValue, float.MinValue), default);

    /// <summary>The running maxima with these included.</summary>
    public Float2 NewMax(Float2 rowMax) => new(
        XMath.Max(max.X, QuadMax(rowMax.X)), XMath.Max(max.Y, QuadMax(rowMax.Y)));

    /// <summary>exp(max - newMax): the factor for the accumulators so far.</summary>
    public Float2 Rescale(Float2 newMax, float factor) => new(Ptx.Exp2((max.X - newMax.X) * factor), Ptx.Exp2((max.Y - newMax.Y) * factor));

    public OnlineSoftmax Update(Float2 newMax, Float2 rescale, Float2 sums) =>
        new(newMax, new(sum.X * rescale.X + sums.X, sum.Y * rescale.Y + sums.Y));

    /// <summary>The sums of whole rows, over the lanes of a quad.</summary>
    public Float2 RowSums => new(ScoreMath.QuadSum(sum.X), ScoreMath.QuadSum(sum.Y));

    /// <summary>log Σ exp of scores times <paramref name="scale"/>.</summary>
    public Float2 LogSumExp(Float2 sums, float scale) => new(max.X * scale + XMath.Log(sums.X), max.Y * scale + XMath.Log(sums.Y));

    /// <summary>The maxima of this lane's scores.</summary>
    public static Float2 RowMax(AccumulatorRow s) => new(
        XMath.Max(XMath.Max(XMath.Max(s.N0.X, s.N0.Y), XMath.Max(s.N1.X, s.N1.Y)), XMath.Max(XMath.Max(s.N2.X, s.N2.Y), XMath.Max(s.N3.X, s.N3.Y))),
        XMath.Max(XMath.Max(XMath.Max(s.N0.Z, s.N0.W), XMath.Max(s.N1.Z, s.N1.W)), XMath.Max(XMath.Max(s.N2.Z, s.N2.W), XMath.Max(s.N3.Z, s.N3.W))));

    public static Float2 RowMax(Float2 a, Float2 b) => new(XMath.Max(a.X, b.X), XMath.Max(a.Y, b.Y));

    /// <summary>2^(s · factor - scaledMax), one FMA and one ex2 each.</summary>
    public static AccumulatorRow Exp2(AccumulatorRow s, float factor, Float2 scaledMax) =>
        new(Exp2(s.N0, factor, scaledMax), Exp2(s.N1, factor, scaledMax), Exp2(s.N2, factor, scaledMax), Exp2(s.N3, factor, scaledMax));

    static Float4 Exp2(Float4 s, float factor, Float2 scaledMax) => new(Ptx.Exp2(s.X * factor - scaledMax.X), Ptx.Exp2(s.Y * factor - scaledMax.X),
        Ptx.Exp2(s.Z * factor - scaledMax.Y), Ptx.Exp2(s.W * factor - scaledMax.Y));

    /// <summary>This lane's share of both rows' sums.</summary>
    public static Float2 PartialSums(AccumulatorRow p) => new(ScoreMath.UpperRowSum(p), ScoreMath.LowerRowSum(p));

    /// <summary>Masks the columns from <paramref name="columnsLeft"/> on.</summary>
    public static AccumulatorRow Mask(AccumulatorRow s, int columnsLeft, int lane)
    {
        columnsLeft -= FragmentLayout.CColumn(lane, 0);
        return new(Mask(s.N0, columnsLeft), Mask(s.N1, columnsLeft - 8), Mask(s.N2, columnsLeft - 16), Mask(s.N3, columnsLeft - 24));
    }

    static Float4 Mask(Float4 s, int columnsLeft) => new(columnsLeft > 0 ? s.X : float.MinValue, columnsLeft > 1 ? s.Y : float.MinValue,
        columnsLeft > 0 ? s.Z : float.MinValue, columnsLeft > 1 ? s.W : float.MinValue);

    // The four lanes of a quad hold a row.
    static float QuadMax(float max)
    {
        max = XMath.Max(max, Ptx.ShuffleXor(max, 1));
        return XMath.Max(max, Ptx.ShuffleXor(max, 2));
    }
}
