namespace Silc;

/// <summary>
/// How many floats one thread works on at a time: <see cref="Pack1"/> on GPUs, <see cref="SimdPack"/> on CPUs. A kernel generic over its
/// pack is one source for every accelerator. Reads and writes are unaligned, and stay inside the view.
/// </summary>
interface IPack<TSelf> where TSelf : struct, IPack<TSelf>
{
    static abstract int Width { get; }
    static abstract TSelf Load(FloatPointer view, int index);
    static abstract void Store(FloatPointer view, int index, TSelf value);
    static abstract TSelf Splat(float value);
    static abstract TSelf operator +(TSelf a, TSelf b);
    static abstract TSelf operator -(TSelf a, TSelf b);
    static abstract TSelf operator *(TSelf a, TSelf b);
    static abstract TSelf operator /(TSelf a, TSelf b);
    static abstract TSelf Max(TSelf a, TSelf b);
    static abstract TSelf Sqrt(TSelf a);
    static abstract TSelf Exp(TSelf a);

    /// <summary>The error function, for the exact GELU.</summary>
    static abstract TSelf Erf(TSelf a);

    /// <summary>Sum of the pack's floats.</summary>
    static abstract float Sum(TSelf a);

    /// <summary>Largest of the pack's floats.</summary>
    static abstract float Peak(TSelf a);
}
