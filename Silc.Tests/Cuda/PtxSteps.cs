using System.Globalization;

namespace Silc.Tests;

/// <summary>Makes instructions ready to run: the part of PTX that ILGPU and our own instructions use.</summary>
public static unsafe class PtxSteps
{
    public static PtxStep[] Of(PtxProgram program)
    {
        var steps = new PtxStep[program.Code.Count];
        for (int i = 0; i < steps.Length; i++)
        {
            var code = program.Code[i];
            int guard = code.Guard is null ? -1 : program.Register(code.Guard);
            var kind = code.Name[0] switch
            {
                "bra" => PtxStepKind.Branch,
                "ret" or "exit" => PtxStepKind.Return,
                "bar" or "barrier" when !code.Is("warp") => PtxStepKind.Barrier,
                _ => PtxStepKind.Work,
            };
            steps[i] = new(kind, guard, code.GuardNegated, kind == PtxStepKind.Work ? Work(program, code) : null,
                kind == PtxStepKind.Branch ? program.Label(code.Operands[0]) : 0, code.Is("uni"), code.Text);
        }
        return steps;
    }

    static Action<PtxWarp, uint> Work(PtxProgram program, PtxInstruction code) => code.Name[0] switch
    {
        "ld" or "st" => PtxMemorySteps.Of(program, code),
        "ldmatrix" => PtxMemorySteps.Matrices(program, code),
        "mma" => Mma(program, code),
        "shfl" => Shuffle(program, code),
        "bar" => (_, mask) => Assert.AreEqual(PtxWarp.All, mask, $"a whole warp must come to '{code.Text}'"),
        "setp" => Compare(program, code),
        "selp" => Select(program, code),
        _ => Arithmetic(program, code),
    };

    /// <summary>Reads an operand of each lane: a register, a number or what the hardware knows.</summary>
    public static Func<PtxWarp, int, ulong> Source(PtxProgram program, string operand, string type)
    {
        switch (operand)
        {
            case "%tid.x": return (warp, lane) => (ulong)(warp.Index * 32 + lane);
            case "%ctaid.x": return (warp, _) => (ulong)warp.Group.Index;
            case "%ntid.x": return (warp, _) => (ulong)warp.Group.Lanes;
            case "%nctaid.x": return (warp, _) => (ulong)warp.Group.Groups;
            case "%laneid": return (_, lane) => (ulong)lane;
        }
        if (program.Shared(operand) is { } address) return (_, _) => (ulong)address;
        if (operand.StartsWith("0f", StringComparison.Ordinal)) return Constant(ulong.Parse(operand.AsSpan(2), NumberStyles.HexNumber));
        if (char.IsAsciiDigit(operand[0]) || operand[0] == '-')
            return Constant(operand.StartsWith("0x", StringComparison.Ordinal) ? ulong.Parse(operand.AsSpan(2), NumberStyles.HexNumber)
                : operand[0] == '-' ? (ulong)long.Parse(operand) : ulong.Parse(operand));
        Assert.IsTrue(operand[0] == '%' || char.IsAsciiLetter(operand[0]), $"no operand '{operand}'");
        int register = program.Register(operand);
        return type.Length == 0 ? throw new ArgumentException(operand) : (warp, lane) => warp.Registers[register * 32 + lane];
    }

    static Func<PtxWarp, int, ulong> Constant(ulong value) => (_, _) => value;

    static Action<PtxWarp, uint> Each(int target, Func<PtxWarp, int, ulong> value) => (warp, mask) =>
    {
        var to = warp.Register(target);
        for (int lane = 0; lane < 32; lane++)
            if ((mask >> lane & 1) != 0) to[lane] = value(warp, lane);
    };

    static Action<PtxWarp, uint> Arithmetic(PtxProgram program, PtxInstruction code)
    {
        int target = program.Register(code.Operands[0]);
        var name = code.Name[0];
        var from = code.Operands[1..].Select(operand => Source(program, operand, code.Type)).ToArray();
        if (name == "mov" || name == "cvta") return Each(target, from[0]);
        if (name == "cvt") return Each(target, Convert(code, from));
        bool wide = code.Is("wide"), high = code.Is("hi");
        Assert.IsFalse(high, code.Text);
        if (code.Type == "f32") return from.Length switch
        {
            1 => Each(target, (warp, lane) => Bits(Unary(name, Float(from[0](warp, lane))))),
            2 => Each(target, (warp, lane) => Bits(Binary(name, Float(from[0](warp, lane)), Float(from[1](warp, lane))))),
            _ => Each(target, (warp, lane) => Bits(MathF.FusedMultiplyAdd(Float(from[0](warp, lane)), Float(from[1](warp, lane)), Float(from[2](warp, lane))))),
        };
        var type = code.Type;
        return from.Length switch
        {
            1 => Each(target, (warp, lane) => Cut(name switch { "neg" => -Signed(from[0](warp, lane), type), "not" => ~Signed(from[0](warp, lane), type),
                "abs" => Math.Abs(Signed(from[0](warp, lane), type)), _ => throw Unknown(code) }, type)),
            2 => Each(target, (warp, lane) => Cut(Integer(code, Signed(from[0](warp, lane), type), Signed(from[1](warp, lane), type)), wide ? "s64" : type)),
            _ => Each(target, (warp, lane) => Cut(Signed(from[0](warp, lane), type) * Signed(from[1](warp, lane), type)
                + Signed(from[2](warp, lane), wide ? "s64" : type), wide ? "s64" : type)),
        };
    }

    static long Integer(PtxInstruction code, long a, long b) => code.Name[0] switch
    {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "rem" => a % b,
        "min" => Math.Min(a, b),
        "max" => Math.Max(a, b),
        "and" => a & b,
        "or" => a | b,
        "xor" => a ^ b,
        "shl" => b >= Width(code.Type) ? 0 : a << (int)b,
        "shr" => a >> (int)Math.Min(b, 63),
        _ => throw Unknown(code),
    };

    static float Unary(string name, float x) => name switch
    {
        "neg" => -x,
        "abs" => Math.Abs(x),
        "ex2" => MathF.Pow(2, x),
        "lg2" => MathF.Log2(x),
        "rcp" => 1 / x,
        "sqrt" => MathF.Sqrt(x),
        "rsqrt" => 1 / MathF.Sqrt(x),
        _ => throw new NotSupportedException($"the emulator has no {name}.f32"),
    };

    // min and max of PTX give the number where one operand is NaN.
    static float Binary(string name, float a, float b) => name switch
    {
        "add" => a + b,
        "sub" => a - b,
        "mul" => a * b,
        "div" => a / b,
        "min" => float.IsNaN(a) ? b : float.IsNaN(b) ? a : Math.Min(a, b),
        "max" => float.IsNaN(a) ? b : float.IsNaN(b) ? a : Math.Max(a, b),
        _ => throw new NotSupportedException($"the emulator has no {name}.f32"),
    };

    static Func<PtxWarp, int, ulong> Convert(PtxInstruction code, Func<PtxWarp, int, ulong>[] from)
    {
        var (to, source) = (code.Name[^2], code.Name[^1]);
        return (to, source) switch
        {
            // The first source goes into the upper half.
            ("bf16x2", "f32") => (warp, lane) => (ulong)TensorCore.RoundBf16(Float(from[0](warp, lane))) << 16 | TensorCore.RoundBf16(Float(from[1](warp, lane))),
            ("tf32", "f32") => (warp, lane) => TensorCore.RoundTf32(Float(from[0](warp, lane))),
            ("f32", "s32" or "u32" or "s64") => (warp, lane) => Bits(Signed(from[0](warp, lane), source)),
            ("s64" or "u64" or "s32" or "u32", "s64" or "u64" or "s32" or "u32") => (warp, lane) => Cut(Signed(from[0](warp, lane), source), to),
            _ => throw Unknown(code),
        };
    }

    static Action<PtxWarp, uint> Compare(PtxProgram program, PtxInstruction code)
    {
        int target = program.Register(code.Operands[0]);
        Func<PtxWarp, int, ulong> a = Source(program, code.Operands[1], code.Type), b = Source(program, code.Operands[2], code.Type);
        var also = code.Is("and") ? Source(program, code.Operands[3], "pred") : null;
        Assert.IsTrue(code.Name.Length == (also is null ? 3 : 4), $"the emulator has no '{code.Text}'");
        var (relation, type) = (code.Name[1], code.Type);
        return Each(target, (warp, lane) =>
        {
            bool holds = type == "f32" ? Holds(relation, Float(a(warp, lane)), Float(b(warp, lane))) : Holds(relation, Signed(a(warp, lane), type), Signed(b(warp, lane), type));
            return holds && (also is null || also(warp, lane) != 0) ? 1ul : 0;
        });
    }

    // Relations that end in u hold for NaN, too.
    static bool Holds<T>(string relation, T a, T b) where T : System.Numerics.INumber<T> => relation switch
    {
        "eq" => a == b,
        "ne" => a != b && !T.IsNaN(a) && !T.IsNaN(b),
        "lt" => a < b,
        "le" => a <= b,
        "gt" => a > b,
        "ge" => a >= b,
        "equ" => !(a < b || a > b),
        "neu" => !(a == b),
        "ltu" => !(a >= b),
        "leu" => !(a > b),
        "gtu" => !(a <= b),
        "geu" => !(a < b),
        _ => throw new NotSupportedException($"the emulator has no relation {relation}"),
    };

    static Action<PtxWarp, uint> Select(PtxProgram program, PtxInstruction code)
    {
        Func<PtxWarp, int, ulong> a = Source(program, code.Operands[1], code.Type), b = Source(program, code.Operands[2], code.Type);
        var which = Source(program, code.Operands[3], "pred");
        return Each(program.Register(code.Operands[0]), (warp, lane) => which(warp, lane) != 0 ? a(warp, lane) : b(warp, lane));
    }

    static Action<PtxWarp, uint> Shuffle(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("bfly"), code.Text);
        int target = program.Register(code.Operands[0]), flip = int.Parse(code.Operands[2]);
        var from = Source(program, code.Operands[1], "b32");
        return (warp, mask) =>
        {
            Assert.AreEqual(PtxWarp.All, mask, $"a whole warp must come to '{code.Text}'");
            var values = new ulong[32];
            for (int lane = 0; lane < 32; lane++) values[lane] = from(warp, lane ^ flip);
            values.CopyTo(warp.Register(target));
        };
    }

    static Action<PtxWarp, uint> Mma(PtxProgram program, PtxInstruction code)
    {
        bool bf16 = code.Is("bf16");
        Assert.AreEqual(bf16 ? "m16n8k16" : "m16n8k8", code.Name[3], code.Text);
        Assert.IsTrue(bf16 || code.Is("tf32"), code.Text);
        var registers = code.Operands.Select(program.Register).ToArray();
        Assert.AreEqual(14, registers.Length, code.Text);
        return (warp, mask) =>
        {
            Assert.AreEqual(PtxWarp.All, mask, $"a whole warp must come to '{code.Text}'");
            Span<uint> a = stackalloc uint[128], b = stackalloc uint[64];
            Span<float> c = stackalloc float[128], d = stackalloc float[128];
            for (int i = 0; i < 4; i++) for (int lane = 0; lane < 32; lane++) a[i * 32 + lane] = (uint)warp.Register(registers[4 + i])[lane];
            for (int i = 0; i < 2; i++) for (int lane = 0; lane < 32; lane++) b[i * 32 + lane] = (uint)warp.Register(registers[8 + i])[lane];
            for (int i = 0; i < 4; i++) for (int lane = 0; lane < 32; lane++) c[i * 32 + lane] = Float(warp.Register(registers[10 + i])[lane]);
            TensorCore.MulAdd(bf16, a, b, c, d);
            for (int i = 0; i < 4; i++) for (int lane = 0; lane < 32; lane++) warp.Register(registers[i])[lane] = Bits(d[i * 32 + lane]);
        };
    }

    static NotSupportedException Unknown(PtxInstruction code) => new($"the emulator has no '{code.Text}'");

    static int Width(string type) => type == "pred" ? 1 : int.Parse(type.AsSpan(1));

    static long Signed(ulong bits, string type) => type switch
    {
        "s32" or "b32" => (int)bits,
        "u32" => (uint)bits,
        "pred" => (long)bits,
        "s64" or "b64" or "u64" => (long)bits,
        _ => throw new NotSupportedException($"the emulator has no integers of type {type}"),
    };

    static ulong Cut(long value, string type) => type == "pred" ? (ulong)value & 1 : Width(type) == 32 ? (uint)value : (ulong)value;

    public static float Float(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
