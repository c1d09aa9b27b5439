using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// A lane's scores of two rows and eight columns, and the functions of softmax on them. Exponentials are powers of 2: what GPUs
/// have.
/// </summary>
static class ScoreMath
{
    public const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

    /// <summary>Scores times a factor; columns from <paramref name="columns"/> on are out of reach.</summary>
    public static AccumulatorRow Scaled(AccumulatorRow s, float factor, int column, int columns, int lane) => new(
        Scaled(s.N0, factor, column, columns, lane), Scaled(s.N1, factor, column + 8, columns, lane),
        Scaled(s.N2, factor, column + 16, columns, lane), Scaled(s.N3, factor, column + 24, columns, lane));

    static Float4 Scaled(Float4 s, float factor, int column, int columns, int lane)
    {
        column += FragmentLayout.SumColumn(lane, 0);
        return new(column < columns ? s.X * factor : float.MinValue, column + 1 < columns ? s.Y * factor : float.MinValue,
            column < columns ? s.Z * factor : float.MinValue, column + 1 < columns ? s.W * factor : float.MinValue);
    }

    /// <summary>2^(s - row's value).</summary>
    public static AccumulatorRow Exp2(AccumulatorRow s, float row, float rowBelow) =>
        new(Exp2(s.N0, row, rowBelow), Exp2(s.N1, row, rowBelow), Exp2(s.N2, row, rowBelow), Exp2(s.N3, row, rowBelow));

    static Float4 Exp2(Float4 s, float row, float rowBelow) =>
        new(Ptx.Exp2(s.X - row), Ptx.Exp2(s.Y - row), Ptx.Exp2(s.Z - rowBelow), Ptx.Exp2(s.W - rowBelow));

    public static float RowPeak(AccumulatorRow s) => PeakAcrossGroup(XMath.Max(
        XMath.Max(XMath.Max(s.N0.X, s.N0.Y), XMath.Max(s.N1.X, s.N1.Y)), XMath.Max(XMath.Max(s.N2.X, s.N2.Y), XMath.Max(s.N3.X, s.N3.Y))));

    public static float RowBelowPeak(AccumulatorRow s) => PeakAcrossGroup(XMath.Max(
        XMath.Max(XMath.Max(s.N0.Z, s.N0.W), XMath.Max(s.N1.Z, s.N1.W)), XMath.Max(XMath.Max(s.N2.Z, s.N2.W), XMath.Max(s.N3.Z, s.N3.W))));

    /// <summary>This lane's part of a row's sum.</summary>
    public static float RowSum(AccumulatorRow s) => s.N0.X + s.N0.Y + (s.N1.X + s.N1.Y) + (s.N2.X + s.N2.Y + (s.N3.X + s.N3.Y));
    public static float RowBelowSum(AccumulatorRow s) => s.N0.Z + s.N0.W + (s.N1.Z + s.N1.W) + (s.N2.Z + s.N2.W + (s.N3.Z + s.N3.W));

    // The four lanes of a group hold a row.
    static float PeakAcrossGroup(float peak)
    {
        peak = XMath.Max(peak, Ptx.ShuffleXor(peak, 1));
        return XMath.Max(peak, Ptx.ShuffleXor(peak, 2));
    }

    public static float SumAcrossGroup(float sum)
    {
        sum += Ptx.ShuffleXor(sum, 1);
        return sum + Ptx.ShuffleXor(sum, 2);
    }
}
