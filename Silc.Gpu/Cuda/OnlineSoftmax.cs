using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// The softmax of two rows while their scores pass by: the largest score so far, and this lane's part of Σ exp(score - largest). X is of a
/// lane's row, Y of the one eight further down. Scores are as they were multiplied; <c>factor</c> makes them exponents of 2.
/// </summary>
readonly struct OnlineSoftmax(Float2 peak, Float2 sum)
{
    public static OnlineSoftmax Empty => new(new(float.MinValue, float.MinValue), default);

    /// <summary>The largest scores when these are among them.</summary>
    public Float2 Higher(Float2 peaks) => new(
        XMath.Max(peak.X, AcrossGroup(peaks.X)), XMath.Max(peak.Y, AcrossGroup(peaks.Y)));

    /// <summary>What all sums so far are to be multiplied by.</summary>
    public Float2 Fade(Float2 higher, float factor) => new(Ptx.Exp2((peak.X - higher.X) * factor), Ptx.Exp2((peak.Y - higher.Y) * factor));

    public OnlineSoftmax Add(Float2 higher, Float2 fade, Float2 sums) => new(higher, new(sum.X * fade.X + sums.X, sum.Y * fade.Y + sums.Y));

    /// <summary>The sums of whole rows.</summary>
    public Float2 Sums => new(ScoreMath.SumAcrossGroup(sum.X), ScoreMath.SumAcrossGroup(sum.Y));

    /// <summary>log Σ exp of scores times <paramref name="scale"/>.</summary>
    public Float2 LogSums(Float2 sums, float scale) => new(peak.X * scale + XMath.Log(sums.X), peak.Y * scale + XMath.Log(sums.Y));

    /// <summary>The largest of this lane's scores.</summary>
    public static Float2 Peaks(AccumulatorRow s) => new(
        XMath.Max(XMath.Max(XMath.Max(s.N0.X, s.N0.Y), XMath.Max(s.N1.X, s.N1.Y)), XMath.Max(XMath.Max(s.N2.X, s.N2.Y), XMath.Max(s.N3.X, s.N3.Y))),
        XMath.Max(XMath.Max(XMath.Max(s.N0.Z, s.N0.W), XMath.Max(s.N1.Z, s.N1.W)), XMath.Max(XMath.Max(s.N2.Z, s.N2.W), XMath.Max(s.N3.Z, s.N3.W))));

    public static Float2 Peaks(Float2 a, Float2 b) => new(XMath.Max(a.X, b.X), XMath.Max(a.Y, b.Y));

    /// <summary>2^(s · factor - less), a multiplication and addition at once.</summary>
    public static AccumulatorRow Exp2(AccumulatorRow s, float factor, Float2 less) =>
        new(Exp2(s.N0, factor, less), Exp2(s.N1, factor, less), Exp2(s.N2, factor, less), Exp2(s.N3, factor, less));

    static Float4 Exp2(Float4 s, float factor, Float2 less) => new(Ptx.Exp2(s.X * factor - less.X), Ptx.Exp2(s.Y * factor - less.X),
        Ptx.Exp2(s.Z * factor - less.Y), Ptx.Exp2(s.W * factor - less.Y));

    /// <summary>This lane's part of both rows' sums.</summary>
    public static Float2 SumsOf(AccumulatorRow p) => new(ScoreMath.RowSum(p), ScoreMath.RowBelowSum(p));

    /// <summary>Scores of columns from <paramref name="left"/> on are out of reach.</summary>
    public static AccumulatorRow Mask(AccumulatorRow s, int left, int lane)
    {
        left -= FragmentLayout.SumColumn(lane, 0);
        return new(Mask(s.N0, left), Mask(s.N1, left - 8), Mask(s.N2, left - 16), Mask(s.N3, left - 24));
    }

    static Float4 Mask(Float4 s, int left) => new(left > 0 ? s.X : float.MinValue, left > 1 ? s.Y : float.MinValue,
        left > 0 ? s.Z : float.MinValue, left > 1 ? s.W : float.MinValue);

    // The four lanes of a group hold a row.
    static float AcrossGroup(float peak)
    {
        peak = XMath.Max(peak, Ptx.ShuffleXor(peak, 1));
        return XMath.Max(peak, Ptx.ShuffleXor(peak, 2));
    }
}
