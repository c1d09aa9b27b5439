using ILGPU.Algorithms;

namespace Silc;

/// <summary>A pack of one float: OpenCL GPUs, and the tails of rows on every backend.</summary>
readonly struct Pack1(float value) : IPack<Pack1>
{
    readonly float value = value;

    public static int Width => 1;
    public static bool SumsInOnePass => false;
    public static Pack1 Load(FloatPointer view, int index) => new(view[index]);
    public static void Store(FloatPointer view, int index, Pack1 a) => view[index] = a.value;
    public static Pack1 Splat(float value) => new(value);
    public static Pack1 operator +(Pack1 a, Pack1 b) => new(a.value + b.value);
    public static Pack1 operator -(Pack1 a, Pack1 b) => new(a.value - b.value);
    public static Pack1 operator *(Pack1 a, Pack1 b) => new(a.value * b.value);
    public static Pack1 operator /(Pack1 a, Pack1 b) => new(a.value / b.value);
    public static Pack1 Max(Pack1 a, Pack1 b) => new(XMath.Max(a.value, b.value));
    public static Pack1 Sqrt(Pack1 a) => new(XMath.Sqrt(a.value));
    public static Pack1 Exp(Pack1 a) => new(XMath.Exp(a.value));
    public static Pack1 Erf(Pack1 a) => new(Scalar.Erf(a.value));
    public static float Sum(Pack1 a) => a.value;
    public static float ReduceMax(Pack1 a) => a.value;
}
