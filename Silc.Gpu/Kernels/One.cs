using ILGPU.Algorithms;

namespace Silc;

/// <summary>A pack of one float: GPU threads, and the ragged end of a row everywhere.</summary>
readonly struct One(float value) : IPack<One>
{
    readonly float value = value;

    public static int Width => 1;
    public static One Load(Floats view, int index) => new(view[index]);
    public static void Store(Floats view, int index, One a) => view[index] = a.value;
    public static One Splat(float value) => new(value);
    public static One operator +(One a, One b) => new(a.value + b.value);
    public static One operator -(One a, One b) => new(a.value - b.value);
    public static One operator *(One a, One b) => new(a.value * b.value);
    public static One operator /(One a, One b) => new(a.value / b.value);
    public static One Max(One a, One b) => new(XMath.Max(a.value, b.value));
    public static One Sqrt(One a) => new(XMath.Sqrt(a.value));
    public static One Exp(One a) => new(XMath.Exp(a.value));
    public static One Erf(One a) => new(Scalar.Erf(a.value));
    public static float Sum(One a) => a.value;
    public static float Peak(One a) => a.value;
}
