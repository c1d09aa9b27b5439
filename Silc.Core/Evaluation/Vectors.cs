using System.Collections;
using System.Numerics;

namespace Silc;

/// <summary>
/// Rows of float32, all of one width, one after another in one piece of memory: embeddings (N, C), features, or scores (N, K). A row is
/// read without a copy, <c>images[3]</c>, and a value as <c>images[3, 0]</c>; an enumeration gives each row as an array of its own, also
/// as JSON. Rows have no unit; embeddings of a model have the length 1 unless they were asked for otherwise. Indices out of range throw
/// <see cref="ArgumentOutOfRangeException"/>. Threads: any number may read it, while nobody changes the array that it was made of.
/// </summary>
/// <example>
/// <code>
/// var images = Vectors.Of([1, 0, 0], [0, 3, 4]).Normalize();
/// ReadOnlySpan&lt;float&gt; second = images[1];                          // 0, 0.6, 0.8
/// float cosine = images.Similarities(images)[0, 1];                    // 0
/// float[,] matrix = images.ToArray2D();                                // for libraries that want one
/// </code>
/// </example>
public sealed class Vectors : IReadOnlyList<float[]>
{
    readonly float[] values;

    /// <summary>Rows of an array that holds them one after another; it is not copied.</summary>
    /// <param name="values">N · C values.</param>
    /// <param name="width">Values of a row, C.</param>
    /// <exception cref="ArgumentException">The values are no whole number of rows.</exception>
    public Vectors(float[] values, int width)
    {
        Require.Positive(width, "width of a row");
        Require.That(values.Length % width == 0, $"{values.Length} values are no whole number of rows of {width}");
        (this.values, Count, Width) = (values, values.Length / width, width);
    }

    /// <summary>Rows of zeros.</summary>
    /// <exception cref="ArgumentException">They are more than an array of .NET holds.</exception>
    internal Vectors(int count, int width)
    {
        Require.That((long)count * width <= Array.MaxLength, $"{count:N0} rows of {width:N0} values are more than the {Array.MaxLength:N0} that one "
            + "array holds: take fewer at once, and search an index in its file (IndexFile)");
        (values, Count, Width) = (new float[count * width], count, width);
    }

    /// <summary>Copies of some rows.</summary>
    /// <exception cref="ArgumentException">Their lengths differ, or there are none.</exception>
    public static Vectors Of(params IEnumerable<float[]> rows)
    {
        float[][] all = [.. rows];
        Require.Positive(all.Length, "number of rows");
        var vectors = new Vectors(all.Length, all[0].Length);
        for (int i = 0; i < all.Length; i++)
        {
            Require.That(all[i].Length == vectors.Width, $"row {i} has {all[i].Length} values, row 0 has {vectors.Width}");
            all[i].CopyTo(vectors.Row(i));
        }
        return vectors;
    }

    /// <summary>A copy of a matrix, (N, C).</summary>
    public static implicit operator Vectors(float[,] matrix)
    {
        var vectors = new Vectors(matrix.GetLength(0), matrix.GetLength(1));
        for (int i = 0; i < vectors.Count; i++)
            for (int c = 0; c < vectors.Width; c++) vectors[i, c] = matrix[i, c];
        return vectors;
    }

    /// <summary>Number of rows, N.</summary>
    public int Count { get; }

    /// <summary>Values of a row, C.</summary>
    public int Width { get; }

    /// <summary>All rows, one after another.</summary>
    public ReadOnlyMemory<float> Values => values;

    /// <summary>A row, without a copy.</summary>
    public ReadOnlySpan<float> this[int row] => Row(row);

    float[] IReadOnlyList<float[]>.this[int row] => Row(row).ToArray();

    /// <summary>One value.</summary>
    public float this[int row, int column]
    {
        get => Row(row)[Within(column)];
        internal set => Row(row)[Within(column)] = value;
    }

    /// <summary>The rows as a matrix (N, C) of their own.</summary>
    public float[,] ToArray2D()
    {
        var matrix = new float[Count, Width];
        for (int i = 0; i < Count; i++)
            for (int c = 0; c < Width; c++) matrix[i, c] = values[i * Width + c];
        return matrix;
    }

    /// <summary>Each row as an array of its own.</summary>
    public IEnumerator<float[]> GetEnumerator()
    {
        for (int i = 0; i < Count; i++) yield return Row(i).ToArray();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Copies of some of the rows, in the order given.</summary>
    public Vectors Rows(IReadOnlyList<int> rows)
    {
        var chosen = new Vectors(rows.Count, Width);
        for (int i = 0; i < rows.Count; i++) Row(rows[i]).CopyTo(chosen.Row(i));
        return chosen;
    }

    /// <summary>Each row divided by its L2 norm + 1e-8, as big_vision's evaluators do.</summary>
    public Vectors Normalize()
    {
        var unit = new Vectors(Count, Width);
        for (var i = 0; i < Count; i++)
        {
            Span<float> from = Row(i), to = unit.Row(i);
            var scale = (float)(1 / (Math.Sqrt(Dot(from, from)) + 1e-8));
            for (int c = 0; c < from.Length; c++) to[c] = from[c] * scale;
        }
        return unit;
    }

    /// <summary>Dot products of every row with every row of others, (N, M): cosines where all rows have the length 1.</summary>
    /// <exception cref="ArgumentException">The rows are of different widths.</exception>
    public Vectors Similarities(Vectors others)
    {
        RequireSameWidth(this, others);
        var dots = new Vectors(Count, others.Count);
        Parallel.For(0, Count, i => DotAll(this, i, others, dots.Row(i)));
        return dots;
    }

    /// <summary>
    /// The rows as they are if each has length 1 already, as a model's embeddings have, else normalised: of a million rows a copy takes gigabytes.
    /// </summary>
    internal Vectors Unit()
    {
        for (var i = 0; i < Count; i++)
            if (!IsUnit(Squares(i))) return Normalize();
        return this;
    }

    /// <summary>Squared length of a row.</summary>
    internal float Squares(int row) => Dot(Row(row), Row(row));

    /// <summary>Whether a squared length is 1, but for rounding: it is added up in float32 here and on the device.</summary>
    internal static bool IsUnit(float squares) => Math.Abs(squares - 1) < 4e-6f;

    /// <summary>Rows of two sets, one after the other; either may be null.</summary>
    internal static Vectors Stack(Vectors? above, Vectors? below)
    {
        if (above is null || below is null) return above ?? below ?? new(0, 0);
        RequireSameWidth(above, below);
        return Join([above, below], above.Count + below.Count, above.Width);
    }

    /// <summary>Sets of rows of one width, one after another; there may be fewer rows than <paramref name="atMost"/>.</summary>
    internal static Vectors Join(IEnumerable<Vectors> parts, int atMost, int width)
    {
        var (all, count) = (new Vectors(atMost, width), 0);
        foreach (var part in parts)
        {
            part.values.CopyTo(all.values, count * width);
            count += part.Count;
        }
        return all.First(count);
    }

    /// <summary>Puts rows over those from <paramref name="first"/> on.</summary>
    internal void Put(Vectors rows, int first) => rows.values.CopyTo(values, first * Width);

    /// <summary>The first rows; itself if that is all of them.</summary>
    internal Vectors First(int count)
    {
        if (count == Count) return this;
        var first = new Vectors(count, Width);
        values.AsSpan(0, count * Width).CopyTo(first.values);
        return first;
    }

    // Each column's mean, and its standard deviation over the rows (divided by N, not N - 1) + epsilon.
    internal (double[] Mean, double[] Deviation) Moments(double epsilon)
    {
        var (mean, deviation) = (new double[Width], new double[Width]);
        for (int c = 0; c < mean.Length; c++)
        {
            for (int i = 0; i < Count; i++) mean[c] += this[i, c] / (double)Count;
            for (int i = 0; i < Count; i++) deviation[c] += (this[i, c] - mean[c]) * (this[i, c] - mean[c]) / Count;
            deviation[c] = Math.Sqrt(deviation[c]) + epsilon;
        }
        return (mean, deviation);
    }

    internal static void DotAll(Vectors queries, int query, Vectors candidates, Span<float> dots, int first = 0)
    {
        for (var j = 0; j < dots.Length; j++) dots[j] = Dot(queries.Row(query), candidates.Row(first + j));
    }

    internal static void RequireSameWidth(Vectors a, Vectors b) =>
        Require.That(a.Width == b.Width, $"embeddings are {a.Width} and {b.Width} wide, they must come from one model");

    /// <summary>A row, to be written.</summary>
    internal Span<float> Row(int row)
    {
        if ((uint)row >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(row), row, $"there are {Count} rows");
        return values.AsSpan(row * Width, Width);
    }

    /// <summary>Rows one after another, to be written.</summary>
    internal Span<float> Span(int first, int count) => values.AsSpan(first * Width, count * Width);

    /// <summary>True for a row that has no direction: it is zero, or holds a value that is no number.</summary>
    internal static bool IsFaulty(ReadOnlySpan<float> row) => !(Dot(row, row) is > 0 and < float.PositiveInfinity);

    int Within(int column) => (uint)column < (uint)Width ? column
        : throw new ArgumentOutOfRangeException(nameof(column), column, $"a row has {Width} values");

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
