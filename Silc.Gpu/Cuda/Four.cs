using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// A pack of four floats for CUDA's threads: one access of 16 bytes where the address is a multiple of 16, four accesses where it
/// is not.
/// </summary>
readonly struct Four(Float4 values) : IPack<Four>
{
    readonly Float4 values = values;

    public Float4 Values => values;
    public static int Width => 4;
    public static Four Load(Floats view, int index) => new(Ptx.LoadFour(view.Address + 4L * index));
    public static void Store(Floats view, int index, Four a) => Ptx.StoreFour(view.Address + 4L * index, a.values);
    public static Four Splat(float value) => new(new(value, value, value, value));
    public static Four operator +(Four a, Four b) => new(a.values + b.values);
    public static Four operator -(Four a, Four b) => new(a.values - b.values);
    public static Four operator *(Four a, Four b) => new(a.values * b.values);
    public static Four operator /(Four a, Four b) => new(a.values / b.values);
    public static Four Max(Four a, Four b) => new(new(XMath.Max(a.values.X, b.values.X), XMath.Max(a.values.Y, b.values.Y),
        XMath.Max(a.values.Z, b.values.Z), XMath.Max(a.values.W, b.values.W)));
    public static Four Sqrt(Four a) =>
        new(new(XMath.Sqrt(a.values.X), XMath.Sqrt(a.values.Y), XMath.Sqrt(a.values.Z), XMath.Sqrt(a.values.W)));
    public static Four Exp(Four a) =>
        new(new(XMath.Exp(a.values.X), XMath.Exp(a.values.Y), XMath.Exp(a.values.Z), XMath.Exp(a.values.W)));
    public static Four Erf(Four a) =>
        new(new(ErfOf(a.values.X), ErfOf(a.values.Y), ErfOf(a.values.Z), ErfOf(a.values.W)));
    public static float Sum(Four a) => a.values.X + a.values.Y + (a.values.Z + a.values.W);
    public static float Peak(Four a) => XMath.Max(XMath.Max(a.values.X, a.values.Y), XMath.Max(a.values.Z, a.values.W));

    // Without a branch: ILGPU 1.5.3 (Uniforms.IsUniformByDefinition) takes what our instructions give for the same in all lanes of a warp,
    // and would write a branch that promises so.
    static float ErfOf(float x)
    {
        float z = XMath.Abs(x), far = Scalar.ErfFar(z);
        return Ptx.IfLess(z, Scalar.NearZero, Scalar.ErfNearZero(x), Ptx.IfLess(x, 0, -far, far));
    }
}
