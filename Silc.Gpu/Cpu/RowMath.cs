using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Loops over one row. Rows of scores are padded to whole vectors of 16, so their loops have no tail; the padding is set to -∞, which changes
/// no maximum and no sum.
/// </summary>
static unsafe class RowMath
{
    /// <summary>Replaces the scores s by exp(s − max s); returns max s. The maximum goes first: exp overflows past 88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float ExpRow(float* s, int count, out float sum)
    {
        int lanes = Vector<float>.Count;
        if (Vector512.IsHardwareAccelerated && lanes == Vector256<float>.Count) return WideExpRow(s, count, out sum);
        for (int i = count; i % lanes != 0; i++) s[i] = float.NegativeInfinity;
        var max = new Vector<float>(float.NegativeInfinity);
        // A NaN may be lost here, but not in the sum.
        for (int i = 0; i < count; i += lanes) max = Vector.MaxNative(max, Vector.Load(s + i));
        var top = SimdMath.ReduceMax(max);
        var shift = new Vector<float>(top);
        var sums = Vector<float>.Zero;
        for (int i = 0; i < count; i += lanes)
        {
            var e = SimdMath.Exp(Vector.Load(s + i) - shift);
            sums += e;
            e.Store(s + i);
        }
        sum = Vector.Sum(sums);
        return top;
    }

    // The same with vectors of 512 bits, which .NET's own vectors do not have.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float WideExpRow(float* s, int count, out float sum)
    {
        int lanes = Vector512<float>.Count, whole = count - count % lanes;
        var nothing = Vector512.Create(float.NegativeInfinity);
        var max = nothing;
        for (int i = 0; i < whole; i += lanes) max = Vector512.MaxNative(max, Vector512.Load(s + i));
        if (whole < count)
        {
            // Stored as one vector, for a load that needs several stores waits until they are in the cache.
            var beyond = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(count - whole)).AsSingle();
            var last = Vector512.ConditionalSelect(beyond, nothing, Vector512.Load(s + whole));
            max = Vector512.MaxNative(max, last);
            last.Store(s + whole);
        }
        var top = SimdMath.ReduceMax(Vector256.MaxNative(max.GetLower(), max.GetUpper()).AsVector());
        var shift = Vector512.Create(top);
        var sums = Vector256<float>.Zero;
        for (int i = 0; i < count; i += lanes)
        {
            var e = SimdMath.Exp(Vector512.Load(s + i) - shift);
            // One half after the other, as vectors of 256 bits would be: the order of a sum decides on its bits.
            sums = sums + e.GetLower() + e.GetUpper();
            e.Store(s + i);
        }
        sum = Vector.Sum(sums.AsVector());
        return top;
    }

    /// <summary>p = exp(p − logSumExp), the probabilities, recomputed; g = p ∘ (g − mean), the gradient of the scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftmaxGradRow(float* p, float* g, float logSumExp, float mean, int count)
    {
        var shift = new Vector<float>(logSumExp);
        var center = new Vector<float>(mean);
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i < count; i += Vector512<float>.Count)
            {
                var wide = SimdMath.Exp(Vector512.Load(p + i) - Vector512.Create(logSumExp));
                wide.Store(p + i);
                (wide * (Vector512.Load(g + i) - Vector512.Create(mean))).Store(g + i);
            }
        for (; i < count; i += Vector<float>.Count)
        {
            var probability = SimdMath.Exp(Vector.Load(p + i) - shift);
            probability.Store(p + i);
            (probability * (Vector.Load(g + i) - center)).Store(g + i);
        }
    }

    /// <summary>x · y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* x, float* y, int count)
    {
        var sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            sums = Vector.MultiplyAddEstimate(Vector.Load(x + i), Vector.Load(y + i), sums);
        var sum = Vector.Sum(sums);
        for (; i < count; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>x = x · factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleRow(float* x, float factor, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(x + i) * factor).Store(x + i);
        for (; i < count; i++) x[i] *= factor;
    }
}
