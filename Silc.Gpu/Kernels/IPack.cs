namespace Silc;

/// <summary>
/// The vector of floats that a thread works on at a time: <see cref="Pack1"/> on OpenCL GPUs, <see cref="Pack4"/>
/// on CUDA, <see cref="SimdPack"/> on the CPU, <see cref="Pack16"/> on OpenCL processors. A kernel generic over
/// its pack is one source for every backend. Loads and stores may be unaligned, and stay inside the view.
/// </summary>
interface IPack<TSelf> where TSelf : struct, IPack<TSelf>
{
    static abstract int Width { get; }

    /// <summary>True where memory is what bounds sums of exponentials, so that a running maximum, which saves a read, wins.</summary>
    static abstract bool SumsInOnePass { get; }

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

    /// <summary>Maximum of the pack's floats.</summary>
    static abstract float ReduceMax(TSelf a);
}
