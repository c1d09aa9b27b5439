using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Rows of activations in 8 bits, each by its own range: x[k] ≈ low + scale · q[k] with q from 0 to 255, scale = (max - min) / 255 and low = min.
/// What GELU leaves is nearly all positive, so a range with two ends keeps a bit more than one around zero. A few values that lie far outside of
/// the others, as channels of trained towers do, would take the range for themselves: what they are beyond it stays float32 (Dettmers et al. 2022,
/// LLM.int8(), arXiv:2208.07339), and <see cref="Int8Gemm"/> adds its products.
/// </summary>
/// <param name="memory">Room for <see cref="Floats"/> floats.</param>
/// <param name="rows">Rows that there is room for, a multiple of the tile's.</param>
/// <param name="steps">Groups of four values in a row.</param>
readonly unsafe struct Int8Rows(float* memory, int rows, int steps)
{
    // Values apart in a row, and one for how many values of a row: each costs a product in float32.
    const int MostApart = 8, ValuesOfOneApart = 64;

    // Range of a row, in means of its absolute values, from which some are apart: 8 of normal numbers, 12 of what GELU makes of these.
    const float WideRange = 24;

    // Two floats a row, a count, and index and rest of each value that is apart.
    const int Head = 3 + 2 * MostApart;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => Int8Kernel.Group * steps;

    public float* Scales => memory;

    public float* Lows => memory + rows;

    int* Counts => (int*)(memory + 2 * rows);

    public byte* Row(int row) => (byte*)(memory + Head * rows) + (nint)row * Stride;

    /// <summary>Values of a row that are apart.</summary>
    public int Apart(int row) => Counts[row];

    /// <summary>Of one of them its place in the row, and what it is beyond low + scale · q.</summary>
    public (int Place, float Beyond) Apart(int row, int i) => (Places(row)[i], Rests(row)[i]);

    int* Places(int row) => Counts + rows + row * MostApart;

    float* Rests(int row) => (float*)(Counts + rows + rows * MostApart) + row * MostApart;

    /// <summary>Memory in floats; a group is as large as one.</summary>
    public static nint Floats(int rows, int steps) => rows * (Head + (nint)steps);

    /// <summary>Rounds one row; a value that is no number makes the scale none, and with it all products of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Round(int row, float* x, int k)
    {
        float low = x[0], high = x[0], sum = 0;
        Extend(x, 0, k, ref low, ref high, ref sum);
        Counts[row] = 0;
        if (high - low > WideRange / k * sum && float.IsFinite(sum)) SetApart(row, x, k, sum / k, ref low, ref high);
        float scale = (high - low) / 255, inverse = scale > 0 ? 1 / scale : 0;
        Scales[row] = scale;
        Lows[row] = low;

        // Half is added and the rest cut off: no difference from the smallest is negative.
        var q = Row(row);
        int i;
        Vector256<float> toScale = Vector256.Create(inverse), offset = Vector256.Create(low), half = Vector256.Create(0.5f);
        for (i = 0; i <= k - 32; i += 32)
            Vector256.Narrow(Vector256.Narrow(Rounded(i), Rounded(i + 8)), Vector256.Narrow(Rounded(i + 16), Rounded(i + 24))).AsByte().Store(q + i);
        for (; i < k; i++) q[i] = (byte)(int)MathF.FusedMultiplyAdd(x[i] - low, inverse, 0.5f);
        for (i = 0; i < Counts[row]; i++)
        {
            var place = Places(row)[i];
            q[place] = (byte)Math.Clamp(MathF.Round(-low * inverse), 0, 255);
            Rests(row)[i] = x[place] - MathF.FusedMultiplyAdd(scale, q[place], low);
        }

        Vector256<int> Rounded(int at) =>
            Vector256.ConvertToInt32Native(Vector256.MultiplyAddEstimate(Vector256.Load(x + at) - offset, toScale, half));
    }

    // The values farthest from zero, as many as may be apart, and the range of the others.
    void SetApart(int row, float* x, int k, float mean, ref float low, ref float high)
    {
        int most = Math.Clamp(k / ValuesOfOneApart, 1, MostApart), count;
        var places = Places(row);
        float least = mean * WideRange / 2;
        do
        {
            count = 0;
            for (int i = 0; i < k && count <= most; i++)
                if (MathF.Abs(x[i]) > least && ++count <= most) places[count - 1] = i;
            least *= 1.5f;
        }
        while (count > most);
        if (count is 0 || count == k) return;
        Counts[row] = count;
        (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        float sum = 0;
        for (int i = 0, from = 0; i <= count; i++)
        {
            int to = i < count ? places[i] : k;
            Extend(x, from, to, ref low, ref high, ref sum);
            from = to + 1;
        }
    }

    // By some values, and the sum by their absolute values.
    static void Extend(float* x, int from, int to, ref float low, ref float high, ref float sum)
    {
        int i = from;
        if (to - from >= Vector256<float>.Count)
        {
            Vector256<float> lows = Vector256.Load(x + from), highs = lows, sums = Vector256.Abs(lows);
            for (i = from + Vector256<float>.Count; i <= to - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                var next = Vector256.Load(x + i);
                lows = Vector256.Min(lows, next);
                highs = Vector256.Max(highs, next);
                sums += Vector256.Abs(next);
            }
            var (four, fourHigh) = (Vector128.Min(lows.GetLower(), lows.GetUpper()), Vector128.Max(highs.GetLower(), highs.GetUpper()));
            Vector128<int> swapped = Vector128.Create(2, 3, 0, 1), neighbours = Vector128.Create(1, 0, 3, 2);
            four = Vector128.Min(four, Vector128.Shuffle(four, swapped));
            fourHigh = Vector128.Max(fourHigh, Vector128.Shuffle(fourHigh, swapped));
            low = MathF.Min(low, Vector128.Min(four, Vector128.Shuffle(four, neighbours)).ToScalar());
            high = MathF.Max(high, Vector128.Max(fourHigh, Vector128.Shuffle(fourHigh, neighbours)).ToScalar());
            sum += Vector256.Sum(sums);
        }
        for (; i < to; i++)
        {
            (low, high) = (MathF.Min(low, x[i]), MathF.Max(high, x[i]));
            sum += MathF.Abs(x[i]);
        }
    }
}
