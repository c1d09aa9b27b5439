using ILGPU.IR.Intrinsics;

namespace Silc;

/// <summary>
/// Operations of OpenCL C on vectors of 16 floats, its float16. Only kernels of OpenCL processors use them. ILGPU knows no such type, so
/// Float32x16 is an alias that <see cref="ClSource"/> compiles as float16.
/// </summary>
static class ClVector
{
    public const int Width = 16;

    static InvalidOperationException OnlyOnOpenCL => new("OpenCL's vectors are there on OpenCL devices only");

    [ClText("SILC_LOAD($0)"), IntrinsicImplementation]
    public static Float32x16 Load(ref float at) => throw OnlyOnOpenCL;

    [ClText("SILC_STORE($0, $1)"), IntrinsicImplementation]
    public static void Store(ref float at, Float32x16 a) => throw OnlyOnOpenCL;

    [ClText("(float16)($0)"), IntrinsicImplementation]
    public static Float32x16 Splat(float value) => throw OnlyOnOpenCL;

    [ClText("$0 + $1"), IntrinsicImplementation]
    public static Float32x16 Add(Float32x16 a, Float32x16 b) => throw OnlyOnOpenCL;

    [ClText("$0 - $1"), IntrinsicImplementation]
    public static Float32x16 Subtract(Float32x16 a, Float32x16 b) => throw OnlyOnOpenCL;

    [ClText("$0 * $1"), IntrinsicImplementation]
    public static Float32x16 Multiply(Float32x16 a, Float32x16 b) => throw OnlyOnOpenCL;

    [ClText("$0 / $1"), IntrinsicImplementation]
    public static Float32x16 Divide(Float32x16 a, Float32x16 b) => throw OnlyOnOpenCL;

    /// <summary>a · b + c: an FMA where the processor has one, because OpenCL contracts within an expression.</summary>
    [ClText("$0 * $1 + $2"), IntrinsicImplementation]
    public static Float32x16 MultiplyAdd(Float32x16 a, Float32x16 b, Float32x16 c) => throw OnlyOnOpenCL;

    /// <summary>As <see cref="MultiplyAdd(Float32x16, Float32x16, Float32x16)"/> with a float broadcast to the first vector.</summary>
    [ClText("(float16)($0) * $1 + $2"), IntrinsicImplementation]
    public static Float32x16 MultiplyAdd(float a, Float32x16 b, Float32x16 c) => throw OnlyOnOpenCL;

    [ClText("$0 > $1 ? $0 : $1"), IntrinsicImplementation]
    public static Float32x16 Max(Float32x16 a, Float32x16 b) => throw OnlyOnOpenCL;

    [ClText("sqrt($0)"), IntrinsicImplementation]
    public static Float32x16 Sqrt(Float32x16 a) => throw OnlyOnOpenCL;

    [ClText("silc_exp($0)"), IntrinsicImplementation]
    public static Float32x16 Exp(Float32x16 a) => throw OnlyOnOpenCL;

    [ClText("silc_erf($0)"), IntrinsicImplementation]
    public static Float32x16 Erf(Float32x16 a) => throw OnlyOnOpenCL;

    [ClText("silc_sum($0)"), IntrinsicImplementation]
    public static float Sum(Float32x16 a) => throw OnlyOnOpenCL;

    [ClText("silc_max($0)"), IntrinsicImplementation]
    public static float ReduceMax(Float32x16 a) => throw OnlyOnOpenCL;

    /// <summary>Loads the first <paramref name="count"/> floats of a vector, at most 16; zeros in the others.</summary>
    [ClText("silc_load($0, $1)"), IntrinsicImplementation]
    public static Float32x16 Load(ref float at, int count) => throw OnlyOnOpenCL;

    /// <summary>Stores the first <paramref name="count"/> floats of a vector, at most 16.</summary>
    [ClText("silc_store($0, $1, $2)"), IntrinsicImplementation]
    public static void Store(ref float at, Float32x16 a, int count) => throw OnlyOnOpenCL;

    /// <summary>
    /// Transposes a block of at most 16 x 16 floats: line i of <paramref name="from"/>
    /// becomes column i of 16 x 16 at <paramref name="to"/>. Missing elements are zero.
    /// </summary>
    [ClText("silc_transpose($0, $1, $2, $3, $4, $5)"), IntrinsicImplementation]
    public static void Transpose(ref float from, int fromLine, int lines, int columns, ref float to, int toLine) => throw OnlyOnOpenCL;

    /// <summary>What <see cref="IClTile.Multiply"/> does.</summary>
    [ClText("silc_tile12x32($0, $1, $2, $3, $4, $5, $6)"), IntrinsicImplementation]
    public static void Tile12x32(
        ref float a, int aRow, int aStep, ref float b, int kCount, ref float to, int toRow) => throw OnlyOnOpenCL;

    /// <inheritdoc cref="Tile12x32"/>
    [ClText("silc_tile6x16($0, $1, $2, $3, $4, $5, $6)"), IntrinsicImplementation]
    public static void Tile6x16(
        ref float a, int aRow, int aStep, ref float b, int kCount, ref float to, int toRow) => throw OnlyOnOpenCL;
}

/// <summary>
/// The OpenCL C expression that a method stands for. <c>$0, $1, …</c> are its arguments; an argument that is a <c>ref</c> is a pointer.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class ClTextAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}
