using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>Exponential, error function and GELU on the widest vectors that the processor has, to about 2 units in the last place.</summary>
static unsafe class SimdMath
{
    // Past these the scale 2^n is no normal float any more: e^x is then held at the smallest normal number or at 2^127.
    const float MinExponent = -87.33654f, MaxExponent = 88.3762626f;

    /// <summary>
    /// e^x = 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, and a polynomial for e^r (Cephes, Moshier 1992). NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        // The bound is the first argument: the instruction returns its second if either is NaN.
        x = Vector.MinNative(new Vector<float>(MaxExponent), Vector.MaxNative(new Vector<float>(MinExponent), x));
        // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits, ready to be shifted into an exponent.
        var magic = new Vector<float>(12582912f);
        var shifted = Vector.MultiplyAddEstimate(x, new Vector<float>(1.44269504f), magic);
        var n = shifted - magic;
        // ln 2 in two parts, the first with few enough bits that n times it is exact.
        var r = Vector.MultiplyAddEstimate(n, new Vector<float>(-0.693359375f), x);
        r = Vector.MultiplyAddEstimate(n, new Vector<float>(2.12194440e-4f), r);
        var p = Vector.MultiplyAddEstimate(new Vector<float>(1.9875691500e-4f), r, new Vector<float>(1.3981999507e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(8.3334519073e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(4.1665795894e-2f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1.6666665459e-1f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(0.5f));
        p = Vector.MultiplyAddEstimate(p, r * r, r) + Vector<float>.One;
        var scale = Vector.ShiftLeft(Vector.AsVectorInt32(shifted) + new Vector<int>(127), 23);
        return p * Vector.AsVectorSingle(scale);
    }

    /// <summary>The same on 512 bits, operation for operation, so with the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.MinNative(Vector512.Create(MaxExponent), Vector512.MaxNative(Vector512.Create(MinExponent), x));
        var magic = Vector512.Create(12582912f);
        var shifted = Vector512.MultiplyAddEstimate(x, Vector512.Create(1.44269504f), magic);
        var n = shifted - magic;
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.MultiplyAddEstimate(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(0.5f));
        p = Vector512.MultiplyAddEstimate(p, r * r, r) + Vector512<float>.One;
        var scale = Vector512.ShiftLeft(shifted.AsInt32() + Vector512.Create(127), 23);
        return p * scale.AsSingle();
    }

    /// <summary>The error function, by the two forms of <see cref="Scalar.Erf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Erf(Vector<float> x)
    {
        var s = x * x;
        var near = Horner(s, [-0.000757576f, 0.0046296296f, -0.0238095238f, 0.1f, -0.3333333333f, 1]) * new Vector<float>(1.1283791671f) * x;
        var z = Vector.Abs(x);
        var t = Vector<float>.One / Vector.MultiplyAddEstimate(new Vector<float>(0.5f), z, Vector<float>.One);
        var p = Horner(t, [0.17087277f, -0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f, -0.18628806f, 0.09678418f, 0.37409196f, 1.00002368f,
            -1.26551223f]);
        var far = Vector<float>.One - t * Exp(p - s);
        return Vector.ConditionalSelect(Vector.LessThan(z, new Vector<float>(Scalar.NearZero)), near,
            Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -far, far));
    }

    // A polynomial, the highest power first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> Horner(Vector<float> x, ReadOnlySpan<float> factors)
    {
        var sum = new Vector<float>(factors[0]);
        for (int i = 1; i < factors.Length; i++) sum = Vector.MultiplyAddEstimate(sum, x, new Vector<float>(factors[i]));
        return sum;
    }

    /// <summary>The maximum over the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(Vector<float> x)
    {
        if (Vector<float>.Count == 8)
        {
            var half = Vector128.MaxNative(x.AsVector256().GetLower(), x.AsVector256().GetUpper());
            half = Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(2, 3, 0, 1)));
            return Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2))).ToScalar();
        }
        var max = x[0];
        for (int i = 1; i < Vector<float>.Count; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    /// <summary>
    /// gelu(x) = x/2 · (1 + tanh u) = x · σ(2u), u = √(2/π) (x + 0.044715 x³):
    /// the tanh approximation of Hendrycks and Gimpel 2016 (arXiv:1606.08415).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Gelu(Vector<float> x) => x / (Vector<float>.One + Exp(NegativeTwoU(x)));

    /// <summary>
    /// dh = dh · gelu'(h) and y = gelu(h) for <paramref name="count"/> floats. gelu' = σ + h σ (1 - σ) · 2 du/dh; with e = e^(-2u) and
    /// σ = 1 / (1 + e), 1 - σ is e σ: nothing cancels.
    /// </summary>
    public static void GeluBackward(float* h, float* dh, float* y, int count)
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
            for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var x = Vector512.Load(h + i);
                var e = Exp(NegativeTwoU(x));
                var s = Vector512<float>.One / (Vector512<float>.One + e);
                var du = Vector512.MultiplyAddEstimate(x * x, Vector512.Create(3 * TwoRoot * Cubic), Vector512.Create(TwoRoot));
                (x * s).Store(y + i);
                (Vector512.Load(dh + i) * Vector512.MultiplyAddEstimate(x * du, e * s * s, s)).Store(dh + i);
            }
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            var (value, derivative) = GeluAndDerivative(Vector.Load(h + i));
            value.Store(y + i);
            (Vector.Load(dh + i) * derivative).Store(dh + i);
        }
        if (i == count) return;
        var (lastValue, lastDerivative) = GeluAndDerivative(LoadFirst(h + i, count - i));
        StoreFirst(lastValue, y + i, count - i);
        StoreFirst(LoadFirst(dh + i, count - i) * lastDerivative, dh + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector<float> Value, Vector<float> Derivative) GeluAndDerivative(Vector<float> x)
    {
        var e = Exp(NegativeTwoU(x));
        var s = Vector<float>.One / (Vector<float>.One + e);
        var du = Vector.MultiplyAddEstimate(x * x, new Vector<float>(3 * TwoRoot * Cubic), new Vector<float>(TwoRoot));
        return (x * s, Vector.MultiplyAddEstimate(x * du, e * s * s, s));
    }

    const float TwoRoot = 1.5957691216f;    // 2 √(2/π)
    const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector<float> NegativeTwoU(Vector<float> x) =>
        x * Vector.MultiplyAddEstimate(x * x, new Vector<float>(-TwoRoot * Cubic), new Vector<float>(-TwoRoot));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> NegativeTwoU(Vector512<float> x) =>
        x * Vector512.MultiplyAddEstimate(x * x, Vector512.Create(-TwoRoot * Cubic), Vector512.Create(-TwoRoot));

    /// <summary>y = gelu(x) for <paramref name="count"/> floats; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gelu(float* x, float* y, int count)
    {
        int i = 0;
        // .NET's own vectors have 256 bits where the processor has 512.
        if (Vector512.IsHardwareAccelerated)
            for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            {
                var wide = Vector512.Load(x + i);
                (wide / (Vector512<float>.One + Exp(NegativeTwoU(wide)))).Store(y + i);
            }
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) Gelu(Vector.Load(x + i)).Store(y + i);
        if (i < count) StoreFirst(Gelu(LoadFirst(x + i, count - i)), y + i, count - i);
    }

    /// <summary>y += x for <paramref name="count"/> floats.</summary>
    public static void Add(float* x, float* y, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(x + i) + Vector.Load(y + i)).Store(y + i);
        for (; i < count; i++) y[i] += x[i];
    }

    /// <summary>The first <paramref name="count"/> lanes from memory, zero in the others.</summary>
    public static Vector<float> LoadFirst(float* source, int count)
    {
        var lanes = Vector<float>.Zero;
        Unsafe.CopyBlockUnaligned(&lanes, source, (uint)count * sizeof(float));
        return lanes;
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    public static void StoreFirst(Vector<float> lanes, float* target, int count) =>
        Unsafe.CopyBlockUnaligned(target, &lanes, (uint)count * sizeof(float));
}
