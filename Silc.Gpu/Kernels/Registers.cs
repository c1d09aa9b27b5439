using ILGPU;

namespace Silc;

/// <summary>
/// Four floats in registers: a vectorized access of 16 bytes, or the elements of a 16 x 8 accumulator fragment that one lane of the warp holds.
/// </summary>
readonly struct Float4(float x, float y, float z, float w)
{
    public readonly float X = x, Y = y, Z = z, W = w;

    public static Float4 operator +(Float4 a, Float4 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);
    public static Float4 operator -(Float4 a, Float4 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);
    public static Float4 operator /(Float4 a, Float4 b) => new(a.X / b.X, a.Y / b.Y, a.Z / b.Z, a.W / b.W);
    public static Float4 operator *(Float4 a, Float4 b) => new(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);
    public static Float4 operator *(Float4 a, float b) => new(a.X * b, a.Y * b, a.Z * b, a.W * b);
}

/// <summary>Eight floats in registers: 16 bytes of bf16, or 32 of float32.</summary>
readonly struct Float8(Float4 low, Float4 high)
{
    public readonly Float4 Low = low, High = high;

    /// <summary>Widens eight bf16, two in a word, the first in the low 16 bits.</summary>
    public Float8(Fragment pairs) : this(
        new(Low16(pairs.X), High16(pairs.X), Low16(pairs.Y), High16(pairs.Y)), new(Low16(pairs.Z), High16(pairs.Z), Low16(pairs.W), High16(pairs.W)))
    {
    }

    public static Float8 operator +(Float8 a, Float8 b) => new(a.Low + b.Low, a.High + b.High);
    public static Float8 operator *(Float8 a, Float8 b) => new(a.Low * b.Low, a.High * b.High);

    static float Low16(uint pair) => Interop.IntAsFloat(pair << 16);
    static float High16(uint pair) => Interop.IntAsFloat(pair & 0xffff0000);
}

/// <summary>Two floats in registers.</summary>
readonly struct Float2(float x, float y)
{
    public readonly float X = x, Y = y;
}

/// <summary>
/// Four 32-bit words in registers: the elements of an A fragment, or of two B
/// fragments, of mma that one lane of the warp holds. A word is one tf32 or two bf16.
/// </summary>
readonly struct Fragment(uint x, uint y, uint z, uint w)
{
    public readonly uint X = x, Y = y, Z = z, W = w;
}
