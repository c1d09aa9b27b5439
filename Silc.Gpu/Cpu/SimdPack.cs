using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// The CPU's pack: one hardware vector of floats. ILGPU's front end would refuse vector types, but it never sees these kernels: the
/// <see cref="CpuQueue"/> calls them as the .NET code they are.
/// </summary>
readonly struct SimdPack(Vector<float> value) : IPack<SimdPack>
{
    readonly Vector<float> value = value;

    public static int Width
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<float>.Count;
    }

    public static bool SumsInOnePass => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SimdPack Load(FloatPointer view, int index) => new(Vector.Load(view.Pointer + index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Store(FloatPointer view, int index, SimdPack a) => a.value.Store(view.Pointer + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack Splat(float value) => new(new Vector<float>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack operator +(SimdPack a, SimdPack b) => new(a.value + b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack operator -(SimdPack a, SimdPack b) => new(a.value - b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack operator *(SimdPack a, SimdPack b) => new(a.value * b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack operator /(SimdPack a, SimdPack b) => new(a.value / b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack Max(SimdPack a, SimdPack b) => new(Vector.Max(a.value, b.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack Sqrt(SimdPack a) => new(Vector.SquareRoot(a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack Exp(SimdPack a) => new(SimdMath.Exp(a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdPack Erf(SimdPack a) => new(SimdMath.Erf(a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SimdPack a) => Vector.Sum(a.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ReduceMax(SimdPack a) => SimdMath.ReduceMax(a.value);
}
