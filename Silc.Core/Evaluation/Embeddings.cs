using System.Numerics;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>Rows of embeddings, (N, C). Threads: any number may call.</summary>
public static class Embeddings
{
    /// <summary>Each row divided by its L2 norm + 1e-8, as big_vision's evaluators do.</summary>
    public static float[,] Normalize(float[,] rows)
    {
        var unit = (float[,])rows.Clone();
        for (var i = 0; i < unit.GetLength(0); i++)
        {
            var row = Row(unit, i);
            var scale = (float)(1 / (Math.Sqrt(Dot(row, row)) + 1e-8));
            foreach (ref var value in row) value *= scale;
        }
        return unit;
    }

    /// <summary>
    /// The rows as they are if each has length 1 already, as a model's embeddings have, else normalised: of a million rows a copy takes gigabytes.
    /// </summary>
    internal static float[,] Unit(float[,] rows)
    {
        for (var i = 0; i < rows.GetLength(0); i++)
            if (!IsUnit(Squares(rows, i))) return Normalize(rows);
        return rows;
    }

    /// <summary>Squared length of a row.</summary>
    internal static float Squares(float[,] rows, int i) => Dot(Row(rows, i), Row(rows, i));

    /// <summary>Whether a squared length is 1, but for rounding: it is added up in float32 here and on the device.</summary>
    internal static bool IsUnit(float squares) => Math.Abs(squares - 1) < 4e-6f;

    /// <summary>Dot products of every row of <paramref name="a"/> with every row of <paramref name="b"/>, (N_a, N_b).</summary>
    public static float[,] Similarities(float[,] a, float[,] b)
    {
        RequireSameWidth(a, b);
        var dots = new float[a.GetLength(0), b.GetLength(0)];
        Parallel.For(0, a.GetLength(0), i => DotAll(a, i, b, Row(dots, i)));
        return dots;
    }

    /// <summary>Rows of two sets, one after the other; either may be null.</summary>
    internal static float[,] Stack(float[,]? above, float[,]? below)
    {
        if (above is null || below is null) return above ?? below ?? new float[0, 0];
        RequireSameWidth(above, below);
        var all = new float[above.GetLength(0) + below.GetLength(0), above.GetLength(1)];
        Array.Copy(above, 0, all, 0, above.LongLength);
        Array.Copy(below, 0, all, above.LongLength, below.LongLength);
        return all;
    }

    /// <summary>Some of the rows, in the order given.</summary>
    public static float[,] Rows(float[,] from, IReadOnlyList<int> rows)
    {
        var width = from.GetLength(1);
        var chosen = new float[rows.Count, width];
        for (int i = 0; i < rows.Count; i++) Array.Copy(from, (long)rows[i] * width, chosen, (long)i * width, width);
        return chosen;
    }

    // Each column's mean, and its standard deviation over the rows (divided by N, not N - 1) + epsilon.
    internal static (double[] Mean, double[] Deviation) Moments(float[,] rows, double epsilon)
    {
        int n = rows.GetLength(0);
        var (mean, deviation) = (new double[rows.GetLength(1)], new double[rows.GetLength(1)]);
        for (int c = 0; c < mean.Length; c++)
        {
            for (int i = 0; i < n; i++) mean[c] += rows[i, c] / (double)n;
            for (int i = 0; i < n; i++) deviation[c] += (rows[i, c] - mean[c]) * (rows[i, c] - mean[c]) / n;
            deviation[c] = Math.Sqrt(deviation[c]) + epsilon;
        }
        return (mean, deviation);
    }

    internal static void DotAll(float[,] queries, int query, float[,] candidates, Span<float> dots, int first = 0)
    {
        for (var j = 0; j < dots.Length; j++) dots[j] = Dot(Row(queries, query), Row(candidates, first + j));
    }

    internal static void RequireSameWidth(float[,] a, float[,] b) => Require.That(a.GetLength(1) == b.GetLength(1),
        $"embeddings are {a.GetLength(1)} and {b.GetLength(1)} wide, they must come from one model");

    internal static Span<float> Row(float[,] rows, int i)
    {
        var width = rows.GetLength(1);
        return width == 0 ? [] : MemoryMarshal.CreateSpan(ref rows[i, 0], width);
    }

    /// <summary>Rows one after another as a span.</summary>
    internal static Span<float> Span(float[,] rows, int first, int count)
    {
        var width = rows.GetLength(1);
        return width == 0 || count == 0 ? [] : MemoryMarshal.CreateSpan(ref rows[first, 0], checked(count * width));
    }

    /// <summary>True for a row that has no direction: it is zero, or holds a value that is no number.</summary>
    internal static bool IsFaulty(ReadOnlySpan<float> row) => !(Dot(row, row) is > 0 and < float.PositiveInfinity);

    static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
            sums += new Vector<float>(a[i..]) * new Vector<float>(b[i..]);
        var sum = Vector.Sum(sums);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
