using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.IR.Intrinsics;

namespace Silc;

/// <summary>
/// The CPU's pack: one hardware vector of floats. ILGPU runs CPU kernels as the .NET code they are; its front end refuses vector
/// types, so the members are marked as intrinsics that it does not look into.
/// </summary>
readonly struct Simd(Vector<float> value) : IPack<Simd>
{
    readonly Vector<float> value = value;

    public static int Width
    {
        [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<float>.Count;
    }

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd Load(Floats view, int index) => new(Vector.Load(view.Pointer + index));

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(Floats view, int index, Simd a) => a.value.Store(view.Pointer + index);

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Splat(float value) => new(new Vector<float>(value));

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator +(Simd a, Simd b) => new(a.value + b.value);

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator -(Simd a, Simd b) => new(a.value - b.value);

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator *(Simd a, Simd b) => new(a.value * b.value);

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd operator /(Simd a, Simd b) => new(a.value / b.value);

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Max(Simd a, Simd b) => new(Vector.Max(a.value, b.value));

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Sqrt(Simd a) => new(Vector.SquareRoot(a.value));

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd Exp(Simd a) => new(SimdMath.Exp(a.value));

    [IntrinsicImplementation]
    public static Simd Erf(Simd a)
    {
        var lanes = a.value;
        var floats = MemoryMarshal.CreateSpan(ref Unsafe.As<Vector<float>, float>(ref lanes), Vector<float>.Count);
        foreach (ref var x in floats) x = Scalar.Erf(x);
        return new(lanes);
    }

    [IntrinsicImplementation, MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Simd a) => Vector.Sum(a.value);

    [IntrinsicImplementation]
    public static float Peak(Simd a)
    {
        var peak = a.value[0];
        for (int i = 1; i < Vector<float>.Count; i++) peak = MathF.Max(peak, a.value[i]);
        return peak;
    }
}
