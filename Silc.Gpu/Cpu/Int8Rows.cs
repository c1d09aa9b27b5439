using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Rows of activations in 8 bits, each by its own range: x[k] ≈ low + scale · q[k] with q from 0 to 255, scale = (max - min) / 255 and low = min.
/// What GELU leaves is nearly all positive, so a range with two ends keeps a bit more than one around zero.
/// </summary>
/// <param name="memory">Room for <see cref="Floats"/> floats.</param>
/// <param name="rows">Rows that there is room for, a multiple of the tile's.</param>
/// <param name="steps">Groups of four values in a row.</param>
readonly unsafe struct Int8Rows(float* memory, int rows, int steps)
{
    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => Int8Kernel.Group * steps;

    public float* Scales => memory;

    public float* Lows => memory + rows;

    public byte* Row(int row) => (byte*)(memory + 2 * rows) + (nint)row * Stride;

    /// <summary>Memory in floats; a group is as large as one.</summary>
    public static nint Floats(int rows, int steps) => rows * (2 + (nint)steps);

    /// <summary>Rounds one row; a value that is no number makes the scale none, and with it all products of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Round(int row, float* x, int k)
    {
        float low = x[0], high = x[0];
        int i = 0;
        if (k >= Vector256<float>.Count)
        {
            Vector256<float> lows = Vector256.Load(x), highs = lows;
            for (i = Vector256<float>.Count; i <= k - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                var next = Vector256.Load(x + i);
                lows = Vector256.Min(lows, next);
                highs = Vector256.Max(highs, next);
            }
            var (four, fourHigh) = (Vector128.Min(lows.GetLower(), lows.GetUpper()), Vector128.Max(highs.GetLower(), highs.GetUpper()));
            Vector128<int> swapped = Vector128.Create(2, 3, 0, 1), neighbours = Vector128.Create(1, 0, 3, 2);
            four = Vector128.Min(four, Vector128.Shuffle(four, swapped));
            fourHigh = Vector128.Max(fourHigh, Vector128.Shuffle(fourHigh, swapped));
            low = Vector128.Min(four, Vector128.Shuffle(four, neighbours)).ToScalar();
            high = Vector128.Max(fourHigh, Vector128.Shuffle(fourHigh, neighbours)).ToScalar();
        }
        for (; i < k; i++) (low, high) = (MathF.Min(low, x[i]), MathF.Max(high, x[i]));
        float scale = (high - low) / 255, inverse = scale > 0 ? 1 / scale : 0;
        Scales[row] = scale;
        Lows[row] = low;

        // Half is added and the rest cut off: no difference from the smallest is negative.
        var q = Row(row);
        Vector256<float> toScale = Vector256.Create(inverse), offset = Vector256.Create(low), half = Vector256.Create(0.5f);
        for (i = 0; i <= k - 32; i += 32)
            Vector256.Narrow(Vector256.Narrow(Rounded(i), Rounded(i + 8)), Vector256.Narrow(Rounded(i + 16), Rounded(i + 24))).AsByte().Store(q + i);
        for (; i < k; i++) q[i] = (byte)(int)MathF.FusedMultiplyAdd(x[i] - low, inverse, 0.5f);

        Vector256<int> Rounded(int at) =>
            Vector256.ConvertToInt32Native(Vector256.MultiplyAddEstimate(Vector256.Load(x + at) - offset, toScale, half));
    }
}
