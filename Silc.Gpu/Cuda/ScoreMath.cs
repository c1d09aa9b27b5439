using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Softmax functions on score fragments, of which a lane holds two rows: upper, and lower eight rows further down. Exponentials are in base
/// 2, which is what the hardware has.
/// </summary>
static class ScoreMath
{
    public const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

    /// <summary>Scores times a factor; columns from <paramref name="columns"/> on are masked.</summary>
    public static AccumulatorRow Scaled(AccumulatorRow s, float factor, int column, int columns, int lane) => new(
        Scaled(s.N0, factor, column, columns, lane), Scaled(s.N1, factor, column + 8, columns, lane),
        Scaled(s.N2, factor, column + 16, columns, lane), Scaled(s.N3, factor, column + 24, columns, lane));

    static Float4 Scaled(Float4 s, float factor, int column, int columns, int lane)
    {
        column += FragmentLayout.CColumn(lane, 0);
        return new(column < columns ? s.X * factor : float.MinValue, column + 1 < columns ? s.Y * factor : float.MinValue,
            column < columns ? s.Z * factor : float.MinValue, column + 1 < columns ? s.W * factor : float.MinValue);
    }

    /// <summary>2^(s - value of the row).</summary>
    public static AccumulatorRow Exp2(AccumulatorRow s, float row, float lowerRow) =>
        new(Exp2(s.N0, row, lowerRow), Exp2(s.N1, row, lowerRow), Exp2(s.N2, row, lowerRow), Exp2(s.N3, row, lowerRow));

    static Float4 Exp2(Float4 s, float row, float lowerRow) =>
        new(Ptx.Exp2(s.X - row), Ptx.Exp2(s.Y - row), Ptx.Exp2(s.Z - lowerRow), Ptx.Exp2(s.W - lowerRow));

    public static float UpperRowMax(AccumulatorRow s) => QuadMax(XMath.Max(
        XMath.Max(XMath.Max(s.N0.X, s.N0.Y), XMath.Max(s.N1.X, s.N1.Y)), XMath.Max(XMath.Max(s.N2.X, s.N2.Y), XMath.Max(s.N3.X, s.N3.Y))));

    public static float LowerRowMax(AccumulatorRow s) => QuadMax(XMath.Max(
        XMath.Max(XMath.Max(s.N0.Z, s.N0.W), XMath.Max(s.N1.Z, s.N1.W)), XMath.Max(XMath.Max(s.N2.Z, s.N2.W), XMath.Max(s.N3.Z, s.N3.W))));

    /// <summary>This lane's share of a row's sum.</summary>
    public static float UpperRowSum(AccumulatorRow s) => s.N0.X + s.N0.Y + (s.N1.X + s.N1.Y) + (s.N2.X + s.N2.Y + (s.N3.X + s.N3.Y));
    public static float LowerRowSum(AccumulatorRow s) => s.N0.Z + s.N0.W + (s.N1.Z + s.N1.W) + (s.N2.Z + s.N2.W + (s.N3.Z + s.N3.W));

    // The four lanes of a quad hold a row.
    static float QuadMax(float max)
    {
        max = XMath.Max(max, Ptx.ShuffleXor(max, 1));
        return XMath.Max(max, Ptx.ShuffleXor(max, 2));
    }

    public static float QuadSum(float sum)
    {
        sum += Ptx.ShuffleXor(sum, 1);
        return sum + Ptx.ShuffleXor(sum, 2);
    }
}
