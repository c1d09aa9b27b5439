using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// The CPU's pack: one hardware vector of floats. ILGPU's front end would refuse vector types, but it never sees these kernels: the
/// <see cref="CpuQueue"/> calls them as the .NET code they are.
/// </summary>
readonly struct Simd(Vector<float> value) : IPack<Simd>
{
    readonly Vector<float> value = value;

    public static int Width
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<float>.Count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd Load(Floats view, int index) => new(Vector.Load(view.Pointer + index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(Floats view, int index, Simd a) => a.value.Store(view.Pointer + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Splat(float value) => new(new Vector<float>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator +(Simd a, Simd b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator -(Simd a, Simd b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator *(Simd a, Simd b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator /(Simd a, Simd b) => new(a.value / b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Max(Simd a, Simd b) => new(Vector.Max(a.value, b.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Sqrt(Simd a) => new(Vector.SquareRoot(a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Exp(Simd a) => new(SimdMath.Exp(a.value));

    public static Simd Erf(Simd a)
    {
        var lanes = a.value;
        var floats = MemoryMarshal.CreateSpan(ref Unsafe.As<Vector<float>, float>(ref lanes), Vector<float>.Count);
        foreach (ref var x in floats) x = Scalar.Erf(x);
        return new(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd a) => Vector.Sum(a.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Peak(Simd a) => SimdMath.Peak(a.value);
}
