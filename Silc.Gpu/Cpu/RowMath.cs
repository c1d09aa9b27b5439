using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// Loops over one row. Rows of scores are padded to whole vectors, so their loops have no tail; the padding is set to -∞, which changes no
/// maximum and no sum.
/// </summary>
static unsafe class RowMath
{
    /// <summary>Replaces the scores s by exp(s − max s); returns max s. The maximum goes first: exp overflows past 88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float ExpRow(float* s, int count, out float sum)
    {
        int lanes = Vector<float>.Count;
        for (int i = count; i % lanes != 0; i++) s[i] = float.NegativeInfinity;
        var max = new Vector<float>(float.NegativeInfinity);
        // A NaN may be lost here, but not in the sum.
        for (int i = 0; i < count; i += lanes) max = Vector.MaxNative(max, Vector.Load(s + i));
        var top = SimdMath.ReduceMax(max);
        var shift = new Vector<float>(top);
        var sums = Vector<float>.Zero;
        int next = 0;
        if (Vector512.IsHardwareAccelerated && lanes == Vector256<float>.Count)
            for (; next <= count - Vector512<float>.Count; next += Vector512<float>.Count)
            {
                var e = SimdMath.Exp(Vector512.Load(s + next) - Vector512.Create(top));
                // One half after the other, as below: the order of a sum decides on its bits.
                sums = sums + e.GetLower().AsVector() + e.GetUpper().AsVector();
                e.Store(s + next);
            }
        for (; next < count; next += lanes)
        {
            var e = SimdMath.Exp(Vector.Load(s + next) - shift);
            sums += e;
            e.Store(s + next);
        }
        sum = Vector.Sum(sums);
        return top;
    }

    /// <summary>x += ln y: from the maximum of each row of scores and the sum of its exponentials, the row's log-sum-exp.</summary>
    public static void AddLog(float* y, float* x, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(x + i) + Vector.Log(Vector.Load(y + i))).Store(x + i);
        for (; i < count; i++) x[i] += MathF.Log(y[i]);
    }

    /// <summary>p = exp(p − logSumExp), the probabilities, recomputed; g = p ∘ (g − mean), the gradient of the scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftmaxGradRow(float* p, float* g, float logSumExp, float mean, int count)
    {
        var shift = new Vector<float>(logSumExp);
        var center = new Vector<float>(mean);
        for (int i = 0; i < count; i += Vector<float>.Count)
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
