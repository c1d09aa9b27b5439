using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// A pack of four floats for CUDA: a vectorized access of 16 bytes where the address is a multiple of 16, four scalar accesses where it is
/// not.
/// </summary>
readonly struct Pack4(Float4 values) : IPack<Pack4>
{
    readonly Float4 values = values;

    public Float4 Values => values;
    public static int Width => 4;
    public static bool SumsInOnePass => true;
    public static Pack4 Load(FloatPointer view, int index) => new(Ptx.LoadQuad(view.Address + 4L * index));
    public static void Store(FloatPointer view, int index, Pack4 a) => Ptx.StoreQuad(view.Address + 4L * index, a.values);
    public static Pack4 Splat(float value) => new(new(value, value, value, value));
    public static Pack4 operator +(Pack4 a, Pack4 b) => new(a.values + b.values);
    public static Pack4 operator -(Pack4 a, Pack4 b) => new(a.values - b.values);
    public static Pack4 operator *(Pack4 a, Pack4 b) => new(a.values * b.values);
    public static Pack4 operator /(Pack4 a, Pack4 b) => new(a.values / b.values);
    public static Pack4 Max(Pack4 a, Pack4 b) => new(new(XMath.Max(a.values.X, b.values.X), XMath.Max(a.values.Y, b.values.Y),
        XMath.Max(a.values.Z, b.values.Z), XMath.Max(a.values.W, b.values.W)));
    public static Pack4 Sqrt(Pack4 a) =>
        new(new(XMath.Sqrt(a.values.X), XMath.Sqrt(a.values.Y), XMath.Sqrt(a.values.Z), XMath.Sqrt(a.values.W)));
    public static Pack4 Exp(Pack4 a) =>
        new(new(XMath.Exp(a.values.X), XMath.Exp(a.values.Y), XMath.Exp(a.values.Z), XMath.Exp(a.values.W)));
    public static Pack4 Erf(Pack4 a) =>
        new(new(ErfOf(a.values.X), ErfOf(a.values.Y), ErfOf(a.values.Z), ErfOf(a.values.W)));
    public static float Sum(Pack4 a) => a.values.X + a.values.Y + (a.values.Z + a.values.W);
    public static float ReduceMax(Pack4 a) => XMath.Max(XMath.Max(a.values.X, a.values.Y), XMath.Max(a.values.Z, a.values.W));

    // Branchless: ILGPU 1.5.3 (Uniforms.IsUniformByDefinition) takes results of inline PTX for uniform across a warp, and would emit
    // bra.uni.
    static float ErfOf(float x)
    {
        float z = XMath.Abs(x), far = Scalar.ErfFar(z);
        return Ptx.SelectIfLess(z, Scalar.NearZero, Scalar.ErfNearZero(x), Ptx.SelectIfLess(x, 0, -far, far));
    }
}
