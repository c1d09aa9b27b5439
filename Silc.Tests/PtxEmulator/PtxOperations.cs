using System.Numerics;

namespace Silc.Tests;

/// <summary>What an instruction of one operand gives in one lane.</summary>
interface IPtxUnary
{
    static abstract ulong Of(ulong x);
}

/// <summary>Of two operands.</summary>
interface IPtxBinary
{
    static abstract ulong Of(ulong x, ulong y);
}

/// <summary>Of three.</summary>
interface IPtxTernary
{
    static abstract ulong Of(ulong x, ulong y, ulong z);
}

/// <summary>How a comparison reads a register.</summary>
interface IPtxType<T> where T : INumber<T>
{
    static abstract T Of(ulong bits);
}

/// <summary>When a comparison holds.</summary>
interface IPtxRelation
{
    static abstract bool Of<T>(T x, T y) where T : INumber<T>;
}

/// <summary>
/// The operations of lanes, as types: a loop over the lanes that is generic over one has it inlined, where 32 calls of a delegate would take most of
/// the emulator's time.
/// </summary>
static class PtxOperations
{
    static float Float(ulong bits) => PtxSteps.Float(bits);

    static ulong Bits(float value) => PtxSteps.Bits(value);

    public readonly struct Same : IPtxUnary { public static ulong Of(ulong x) => x; }

    // Of float32. min and max of PTX give the number where one operand is NaN.
    public readonly struct IsNaN : IPtxUnary { public static ulong Of(ulong x) => float.IsNaN(Float(x)) ? 1ul : 0; }
    public readonly struct IsInfinite : IPtxUnary { public static ulong Of(ulong x) => float.IsInfinity(Float(x)) ? 1ul : 0; }
    public readonly struct IsFinite : IPtxUnary { public static ulong Of(ulong x) => float.IsFinite(Float(x)) ? 1ul : 0; }
    public readonly struct Negative : IPtxUnary { public static ulong Of(ulong x) => Bits(-Float(x)); }
    public readonly struct Absolute : IPtxUnary { public static ulong Of(ulong x) => Bits(Math.Abs(Float(x))); }
    public readonly struct PowerOf2 : IPtxUnary { public static ulong Of(ulong x) => Bits(MathF.Pow(2, Float(x))); }
    public readonly struct Logarithm2 : IPtxUnary { public static ulong Of(ulong x) => Bits(MathF.Log2(Float(x))); }
    public readonly struct Reciprocal : IPtxUnary { public static ulong Of(ulong x) => Bits(1 / Float(x)); }
    public readonly struct Root : IPtxUnary { public static ulong Of(ulong x) => Bits(MathF.Sqrt(Float(x))); }
    public readonly struct Add : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(Float(x) + Float(y)); }
    public readonly struct Subtract : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(Float(x) - Float(y)); }
    public readonly struct Multiply : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(Float(x) * Float(y)); }
    public readonly struct Divide : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(Float(x) / Float(y)); }
    public readonly struct Minimum : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(float.MinNumber(Float(x), Float(y))); }
    public readonly struct Maximum : IPtxBinary { public static ulong Of(ulong x, ulong y) => Bits(float.MaxNumber(Float(x), Float(y))); }
    public readonly struct MultiplyAdd : IPtxTernary
    {
        public static ulong Of(ulong x, ulong y, ulong z) => Bits(MathF.FusedMultiplyAdd(Float(x), Float(y), Float(z)));
    }

    // Of integers.
    public readonly struct Negative32 : IPtxUnary { public static ulong Of(ulong x) => (uint)-(int)x; }
    public readonly struct Negative64 : IPtxUnary { public static ulong Of(ulong x) => 0 - x; }
    public readonly struct Not32 : IPtxUnary { public static ulong Of(ulong x) => ~(uint)x; }
    public readonly struct NotPredicate : IPtxUnary { public static ulong Of(ulong x) => x ^ 1; }
    public readonly struct Add32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)x + (uint)y; }
    public readonly struct Add64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => x + y; }
    public readonly struct Subtract32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)x - (uint)y; }
    public readonly struct Subtract64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => x - y; }
    public readonly struct MultiplyWideUnsigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (ulong)(uint)x * (uint)y; }
    public readonly struct MultiplyWide : IPtxBinary { public static ulong Of(ulong x, ulong y) => (ulong)((long)(int)x * (int)y); }
    public readonly struct Multiply32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)x * (uint)y; }
    public readonly struct Multiply64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => x * y; }
    public readonly struct DivideUnsigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)x / (uint)y; }
    public readonly struct RemainderUnsigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)x % (uint)y; }
    public readonly struct DivideSigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)((int)x / (int)y); }
    public readonly struct RemainderSigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)((int)x % (int)y); }
    public readonly struct MinimumSigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)Math.Min((int)x, (int)y); }
    public readonly struct MaximumSigned : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)Math.Max((int)x, (int)y); }
    public readonly struct And : IPtxBinary { public static ulong Of(ulong x, ulong y) => x & y; }
    public readonly struct Or : IPtxBinary { public static ulong Of(ulong x, ulong y) => x | y; }
    public readonly struct Xor : IPtxBinary { public static ulong Of(ulong x, ulong y) => x ^ y; }
    public readonly struct Left32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => y > 31 ? 0 : (uint)x << (int)y; }
    public readonly struct Left64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => y > 63 ? 0 : x << (int)y; }
    public readonly struct RightSigned32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => (uint)((int)x >> (int)Math.Min(y, 31)); }
    public readonly struct Right32 : IPtxBinary { public static ulong Of(ulong x, ulong y) => y > 31 ? 0 : (uint)x >> (int)y; }
    public readonly struct Right64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => y > 63 ? 0 : x >> (int)y; }
    public readonly struct RightSigned64 : IPtxBinary { public static ulong Of(ulong x, ulong y) => (ulong)((long)x >> (int)Math.Min(y, 63)); }
    public readonly struct MultiplyAdd32 : IPtxTernary { public static ulong Of(ulong x, ulong y, ulong z) => (uint)x * (uint)y + (uint)z; }
    public readonly struct MultiplyAdd64 : IPtxTernary { public static ulong Of(ulong x, ulong y, ulong z) => x * y + z; }
    public readonly struct Choose : IPtxTernary { public static ulong Of(ulong x, ulong y, ulong which) => which != 0 ? x : y; }

    // Conversions. Of two sources of a pair the first goes into the high 16 bits.
    public readonly struct ToDouble : IPtxUnary { public static ulong Of(ulong x) => BitConverter.DoubleToUInt64Bits(Float(x)); }
    public readonly struct ToTf32 : IPtxUnary { public static ulong Of(ulong x) => TensorCore.RoundTf32(Float(x)); }
    public readonly struct FloatOfSigned : IPtxUnary { public static ulong Of(ulong x) => Bits((int)x); }
    public readonly struct FloatOfUnsigned : IPtxUnary { public static ulong Of(ulong x) => Bits((uint)x); }
    public readonly struct SignedOfFloat : IPtxUnary { public static ulong Of(ulong x) => (uint)(int)Float(x); }
    public readonly struct Widened : IPtxUnary { public static ulong Of(ulong x) => (ulong)(int)x; }
    public readonly struct Narrowed : IPtxUnary { public static ulong Of(ulong x) => (uint)x; }
    public readonly struct PackBf16 : IPtxBinary
    {
        public static ulong Of(ulong x, ulong y) => (ulong)TensorCore.RoundBf16(Float(x)) << 16 | TensorCore.RoundBf16(Float(y));
    }

    // Comparisons. Relations that end in u hold for NaN, too.
    public readonly struct F32 : IPtxType<float> { public static float Of(ulong bits) => Float(bits); }
    public readonly struct F64 : IPtxType<double> { public static double Of(ulong bits) => BitConverter.UInt64BitsToDouble(bits); }
    public readonly struct S32 : IPtxType<int> { public static int Of(ulong bits) => (int)bits; }
    public readonly struct S64 : IPtxType<long> { public static long Of(ulong bits) => (long)bits; }
    public readonly struct U32 : IPtxType<uint> { public static uint Of(ulong bits) => (uint)bits; }
    public readonly struct U64 : IPtxType<ulong> { public static ulong Of(ulong bits) => bits; }
    public readonly struct Equal : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x == y; }
    public readonly struct NotEqual : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x < y || x > y; }
    public readonly struct Less : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x < y; }
    public readonly struct LessOrEqual : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x <= y; }
    public readonly struct Greater : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x > y; }
    public readonly struct GreaterOrEqual : IPtxRelation { public static bool Of<T>(T x, T y) where T : INumber<T> => x >= y; }
    public readonly struct Not<TRelation> : IPtxRelation where TRelation : IPtxRelation
    {
        public static bool Of<T>(T x, T y) where T : INumber<T> => !TRelation.Of(x, y);
    }

    public readonly struct Holds<TType, T, TRelation> : IPtxBinary where TType : IPtxType<T> where T : INumber<T> where TRelation : IPtxRelation
    {
        public static ulong Of(ulong x, ulong y) => TRelation.Of(TType.Of(x), TType.Of(y)) ? 1ul : 0;
    }

    public readonly struct HoldsAnd<THolds> : IPtxTernary where THolds : IPtxBinary
    {
        public static ulong Of(ulong x, ulong y, ulong also) => THolds.Of(x, y) != 0 ? also : 0;
    }
}
