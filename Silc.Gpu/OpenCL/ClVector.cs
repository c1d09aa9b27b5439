using ILGPU.IR.Intrinsics;

namespace Silc;

/// <summary>
/// What OpenCL C has for vectors of 16 floats. ILGPU knows no such type: in C# a vector is called a double, and
/// <see cref="ClSource"/> makes that word mean float16, so kernels with vectors have no doubles. Only processors run them.
/// </summary>
static class ClVector
{
    public const int Width = 16;

    static InvalidOperationException OnlyOnOpenCL => new("OpenCL's vectors are there on OpenCL devices only");

    [ClText("SILC_LOAD($0)"), IntrinsicImplementation]
    public static double Load(ref float at) => throw OnlyOnOpenCL;

    [ClText("SILC_STORE($0, $1)"), IntrinsicImplementation]
    public static void Store(ref float at, double a) => throw OnlyOnOpenCL;

    [ClText("(float16)($0)"), IntrinsicImplementation]
    public static double Splat(float value) => throw OnlyOnOpenCL;

    [ClText("$0 + $1"), IntrinsicImplementation]
    public static double Add(double a, double b) => throw OnlyOnOpenCL;

    [ClText("$0 - $1"), IntrinsicImplementation]
    public static double Subtract(double a, double b) => throw OnlyOnOpenCL;

    [ClText("$0 * $1"), IntrinsicImplementation]
    public static double Multiply(double a, double b) => throw OnlyOnOpenCL;

    [ClText("$0 / $1"), IntrinsicImplementation]
    public static double Divide(double a, double b) => throw OnlyOnOpenCL;

    /// <summary>$0 · $1 + $2: one instruction where the processor has it, for OpenCL contracts within an expression.</summary>
    [ClText("$0 * $1 + $2"), IntrinsicImplementation]
    public static double MultiplyAdd(double a, double b, double c) => throw OnlyOnOpenCL;

    /// <summary>As <see cref="MultiplyAdd(double, double, double)"/> with a float for all lanes of the first vector.</summary>
    [ClText("(float16)($0) * $1 + $2"), IntrinsicImplementation]
    public static double MultiplyAdd(float a, double b, double c) => throw OnlyOnOpenCL;

    [ClText("$0 > $1 ? $0 : $1"), IntrinsicImplementation]
    public static double Max(double a, double b) => throw OnlyOnOpenCL;

    [ClText("sqrt($0)"), IntrinsicImplementation]
    public static double Sqrt(double a) => throw OnlyOnOpenCL;

    [ClText("silc_exp($0)"), IntrinsicImplementation]
    public static double Exp(double a) => throw OnlyOnOpenCL;

    [ClText("silc_erf($0)"), IntrinsicImplementation]
    public static double Erf(double a) => throw OnlyOnOpenCL;

    [ClText("silc_sum($0)"), IntrinsicImplementation]
    public static float Sum(double a) => throw OnlyOnOpenCL;

    [ClText("silc_peak($0)"), IntrinsicImplementation]
    public static float Peak(double a) => throw OnlyOnOpenCL;

    /// <summary>The first floats of a vector, at most 16; zeros behind them.</summary>
    [ClText("silc_load($0, $1)"), IntrinsicImplementation]
    public static double Load(ref float at, int count) => throw OnlyOnOpenCL;

    /// <summary>Stores the first floats of a vector, at most 16.</summary>
    [ClText("silc_store($0, $1, $2)"), IntrinsicImplementation]
    public static void Store(ref float at, double a, int count) => throw OnlyOnOpenCL;

    /// <summary>
    /// Turns a block of at most 16 x 16 floats: line i of <paramref name="from"/> becomes column i of 16 x 16 at
    /// <paramref name="to"/>. What is missing is zero.
    /// </summary>
    [ClText("silc_turn($0, $1, $2, $3, $4, $5)"), IntrinsicImplementation]
    public static void Turn(ref float from, int fromLine, int lines, int columns, ref float to, int toLine) => throw OnlyOnOpenCL;

    /// <summary>What <see cref="IClTile.Multiply"/> does.</summary>
    [ClText("silc_tile12x32($0, $1, $2, $3, $4, $5, $6)"), IntrinsicImplementation]
    public static void Tile12x32(
        ref float left, int leftRow, int leftStep, ref float right, int depth, ref float to, int toRow) => throw OnlyOnOpenCL;

    /// <inheritdoc cref="Tile12x32"/>
    [ClText("silc_tile6x16($0, $1, $2, $3, $4, $5, $6)"), IntrinsicImplementation]
    public static void Tile6x16(
        ref float left, int leftRow, int leftStep, ref float right, int depth, ref float to, int toRow) => throw OnlyOnOpenCL;
}

/// <summary>
/// The OpenCL C expression that a method stands for. <c>$0, $1, …</c> are its arguments; an argument that is a <c>ref</c> is a
/// pointer.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class ClTextAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}
