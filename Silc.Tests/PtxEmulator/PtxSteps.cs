using System.Globalization;

namespace Silc.Tests;

/// <summary>An operand's values in the 32 lanes.</summary>
public delegate ReadOnlySpan<ulong> PtxSource(PtxWarp warp);

/// <summary>Decodes instructions: the subset of PTX that ILGPU and our inline PTX use.</summary>
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
                "bar" when code.Is("warp") => PtxStepKind.WarpBarrier,
                "bar" or "barrier" => PtxStepKind.Barrier,
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
        "cp" when code.Is("bulk") => PtxTmaSteps.Of(program, code),
        "cp" => PtxCopySteps.Of(program, code),
        "mma" => Mma(program, code),
        "wgmma" => PtxWgmmaSteps.Of(program, code),
        "fence" or "setmaxnreg" => Nothing,
        "mbarrier" => PtxTmaSteps.Barrier(program, code),
        "shfl" => Shuffle(program, code),
        "setp" => Compare(program, code),
        "selp" => Select(program, code),
        _ => Arithmetic(program, code),
    };

    static void Nothing(PtxWarp warp, uint mask)
    {
    }

    /// <summary>An operand of all lanes: a register, a constant or a special register.</summary>
    public static PtxSource Source(PtxProgram program, string operand)
    {
        switch (operand)
        {
            case "%tid.x": return warp => warp.Threads;
            case "%ctaid.x": return warp => warp.Block.BlockIdx;
            case "%ntid.x": return warp => warp.Block.BlockDim;
            case "%nctaid.x": return warp => warp.Block.GridDim;
        }
        if (operand == program.ParameterName) return Constant(0);
        if (program.Shared(operand) is { } address) return Constant((ulong)address);
        if (operand.Length > 2 && operand[0] == '0' && operand[1] is 'f' or 'd' or 'x')
            return Constant(ulong.Parse(operand.AsSpan(2), NumberStyles.HexNumber));
        if (char.IsAsciiDigit(operand[0])) return Constant(ulong.Parse(operand));
        if (operand[0] == '-') return Constant((ulong)long.Parse(operand));
        Assert.IsTrue(operand[0] == '%' || char.IsAsciiLetter(operand[0]), $"no operand '{operand}'");
        int register = program.Register(operand);
        return warp => warp.Register(register);
    }

    static PtxSource Constant(ulong value)
    {
        var all = new ulong[32];
        Array.Fill(all, value);
        return _ => all;
    }

    static Action<PtxWarp, uint> Each(int target, PtxSource a, Func<ulong, ulong> f) => (warp, mask) =>
    {
        var to = warp.Register(target);
        var x = a(warp);
        for (int lane = 0; lane < 32; lane++)
            if ((mask >> lane & 1) != 0) to[lane] = f(x[lane]);
    };

    static Action<PtxWarp, uint> Each(int target, PtxSource a, PtxSource b, Func<ulong, ulong, ulong> f) => (warp, mask) =>
    {
        var to = warp.Register(target);
        ReadOnlySpan<ulong> x = a(warp), y = b(warp);
        for (int lane = 0; lane < 32; lane++)
            if ((mask >> lane & 1) != 0) to[lane] = f(x[lane], y[lane]);
    };

    static Action<PtxWarp, uint> Each(int target, PtxSource a, PtxSource b, PtxSource c, Func<ulong, ulong, ulong, ulong> f) => (warp, mask) =>
    {
        var to = warp.Register(target);
        ReadOnlySpan<ulong> x = a(warp), y = b(warp), z = c(warp);
        for (int lane = 0; lane < 32; lane++)
            if ((mask >> lane & 1) != 0) to[lane] = f(x[lane], y[lane], z[lane]);
    };

    static Action<PtxWarp, uint> Arithmetic(PtxProgram program, PtxInstruction code)
    {
        int target = program.Register(code.Operands[0]);
        var from = code.Operands[1..].Select(operand => Source(program, operand)).ToArray();
        var name = code.Name[0];
        if (name is "mov" or "cvta") return Each(target, from[0], static x => x);
        if (name == "cvt") return from.Length == 1 ? Each(target, from[0], Convert(code)) : Each(target, from[0], from[1], PackBf16(code));
        if (code.Is("hi")) throw Unknown(code);
        return code.Type == "f32"
            ? from.Length switch
            {
                1 => Each(target, from[0], Unary(code)),
                2 => Each(target, from[0], from[1], Binary(code)),
                _ => Each(target, from[0], from[1], from[2], static (x, y, z) => Bits(MathF.FusedMultiplyAdd(Float(x), Float(y), Float(z)))),
            }
            : from.Length switch
            {
                1 => Each(target, from[0], Integer1(code)),
                2 => Each(target, from[0], from[1], Integer2(code)),
                _ => Each(target, from[0], from[1], from[2], Integer3(code)),
            };
    }

    static Func<ulong, ulong> Unary(PtxInstruction code) => code.Name[0] switch
    {
        "testp" when code.Is("notanumber") => static x => float.IsNaN(Float(x)) ? 1ul : 0,
        "testp" when code.Is("infinite") => static x => float.IsInfinity(Float(x)) ? 1ul : 0,
        "testp" when code.Is("finite") => static x => float.IsFinite(Float(x)) ? 1ul : 0,
        "neg" => static x => Bits(-Float(x)),
        "abs" => static x => Bits(Math.Abs(Float(x))),
        "ex2" => static x => Bits(MathF.Pow(2, Float(x))),
        "lg2" => static x => Bits(MathF.Log2(Float(x))),
        "rcp" => static x => Bits(1 / Float(x)),
        "sqrt" => static x => Bits(MathF.Sqrt(Float(x))),
        _ => throw Unknown(code),
    };

    // min and max of PTX give the number where one operand is NaN.
    static Func<ulong, ulong, ulong> Binary(PtxInstruction code) => code.Name[0] switch
    {
        "add" => static (x, y) => Bits(Float(x) + Float(y)),
        "sub" => static (x, y) => Bits(Float(x) - Float(y)),
        "mul" => static (x, y) => Bits(Float(x) * Float(y)),
        "div" => static (x, y) => Bits(Float(x) / Float(y)),
        "min" => static (x, y) => Bits(float.MinNumber(Float(x), Float(y))),
        "max" => static (x, y) => Bits(float.MaxNumber(Float(x), Float(y))),
        _ => throw Unknown(code),
    };

    static Func<ulong, ulong> Integer1(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("neg", "s32") => static x => (uint)-(int)x,
        ("neg", "s64") => static x => 0 - x,
        ("not", "b32") => static x => ~(uint)x,
        ("not", "pred") => static x => x ^ 1,
        _ => throw Unknown(code),
    };

    static Func<ulong, ulong, ulong> Integer2(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("add", "s32" or "u32") => static (x, y) => (uint)x + (uint)y,
        ("add", "s64" or "u64") => static (x, y) => x + y,
        ("sub", "s32" or "u32") => static (x, y) => (uint)x - (uint)y,
        ("sub", "s64" or "u64") => static (x, y) => x - y,
        ("mul", "u32") when code.Is("wide") => static (x, y) => (ulong)(uint)x * (uint)y,
        ("mul", "s32") when code.Is("wide") => static (x, y) => (ulong)((long)(int)x * (int)y),
        ("mul", "s32" or "u32") => static (x, y) => (uint)x * (uint)y,
        ("mul", "s64" or "u64") => static (x, y) => x * y,
        ("div", "u32") => static (x, y) => (uint)x / (uint)y,
        ("rem", "u32") => static (x, y) => (uint)x % (uint)y,
        ("div", "s32") => static (x, y) => (uint)((int)x / (int)y),
        ("rem", "s32") => static (x, y) => (uint)((int)x % (int)y),
        ("min", "s32") => static (x, y) => (uint)Math.Min((int)x, (int)y),
        ("max", "s32") => static (x, y) => (uint)Math.Max((int)x, (int)y),
        ("and", _) => static (x, y) => x & y,
        ("or", _) => static (x, y) => x | y,
        ("xor", _) => static (x, y) => x ^ y,
        ("shl", "b32") => static (x, y) => y > 31 ? 0 : (uint)x << (int)y,
        ("shl", "b64") => static (x, y) => y > 63 ? 0 : x << (int)y,
        ("shr", "s32") => static (x, y) => (uint)((int)x >> (int)Math.Min(y, 31)),
        ("shr", "u32" or "b32") => static (x, y) => y > 31 ? 0 : (uint)x >> (int)y,
        ("shr", "u64" or "b64") => static (x, y) => y > 63 ? 0 : x >> (int)y,
        ("shr", "s64") => static (x, y) => (ulong)((long)x >> (int)Math.Min(y, 63)),
        _ => throw Unknown(code),
    };

    static Func<ulong, ulong, ulong, ulong> Integer3(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("mad", "s32") when code.Is("lo") => static (x, y, z) => (uint)x * (uint)y + (uint)z,
        ("mad", "s64") when code.Is("lo") => static (x, y, z) => x * y + z,
        _ => throw Unknown(code),
    };

    static Func<ulong, ulong> Convert(PtxInstruction code) => (code.Name[^2], code.Name[^1]) switch
    {
        ("f64", "f32") => static x => BitConverter.DoubleToUInt64Bits(Float(x)),
        ("tf32", "f32") => static x => TensorCore.RoundTf32(Float(x)),
        ("f32", "s32") => static x => Bits((int)x),
        ("s64", "s32") => static x => (ulong)(int)x,
        ("s32" or "u32", "s64" or "u64") => static x => (uint)x,
        ("u64" or "s64", "u32") => static x => (uint)x,
        ("u64", "s32") => static x => (ulong)(int)x,
        ("f32", "u32") => static x => Bits((uint)x),
        ("s32", "f32") => static x => (uint)(int)Float(x),
        _ => throw Unknown(code),
    };

    // The first source goes into the high 16 bits.
    static Func<ulong, ulong, ulong> PackBf16(PtxInstruction code) => code.Is("bf16x2")
        ? static (x, y) => (ulong)TensorCore.RoundBf16(Float(x)) << 16 | TensorCore.RoundBf16(Float(y))
        : throw Unknown(code);

    static Action<PtxWarp, uint> Compare(PtxProgram program, PtxInstruction code)
    {
        int target = program.Register(code.Operands[0]);
        PtxSource a = Source(program, code.Operands[1]), b = Source(program, code.Operands[2]);
        Assert.IsTrue(code.Name.Length == (code.Is("and") ? 4 : 3), $"the emulator has no '{code.Text}'");
        var holds = code.Type switch
        {
            "f32" => Relation(code, Float),
            "f64" => Relation(code, BitConverter.UInt64BitsToDouble),
            "s32" or "b32" => Relation(code, static x => (int)x),
            "s64" or "b64" => Relation(code, static x => (long)x),
            "u32" => Relation(code, static x => (uint)x),
            "u64" => Relation(code, static x => x),
            _ => throw Unknown(code),
        };
        return code.Is("and")
            ? Each(target, a, b, Source(program, code.Operands[3]), (x, y, also) => holds(x, y) ? also : 0)
            : Each(target, a, b, (x, y) => holds(x, y) ? 1ul : 0);
    }

    // Relations that end in u hold for NaN, too.
    static Func<ulong, ulong, bool> Relation<T>(PtxInstruction code, Func<ulong, T> as_) where T : System.Numerics.INumber<T> => code.Name[1] switch
    {
        "eq" => (x, y) => as_(x) == as_(y),
        "ne" => (x, y) => as_(x) < as_(y) || as_(x) > as_(y),
        "lt" => (x, y) => as_(x) < as_(y),
        "le" => (x, y) => as_(x) <= as_(y),
        "gt" => (x, y) => as_(x) > as_(y),
        "ge" => (x, y) => as_(x) >= as_(y),
        "equ" => (x, y) => !(as_(x) < as_(y) || as_(x) > as_(y)),
        "neu" => (x, y) => !(as_(x) == as_(y)),
        "ltu" => (x, y) => !(as_(x) >= as_(y)),
        "leu" => (x, y) => !(as_(x) > as_(y)),
        "gtu" => (x, y) => !(as_(x) <= as_(y)),
        "geu" => (x, y) => !(as_(x) < as_(y)),
        "lo" => (x, y) => as_(x) < as_(y),
        "ls" => (x, y) => as_(x) <= as_(y),
        "hi" => (x, y) => as_(x) > as_(y),
        "hs" => (x, y) => as_(x) >= as_(y),
        _ => throw Unknown(code),
    };

    static Action<PtxWarp, uint> Select(PtxProgram program, PtxInstruction code) => Each(program.Register(code.Operands[0]),
        Source(program, code.Operands[1]), Source(program, code.Operands[2]), Source(program, code.Operands[3]),
        static (x, y, which) => which != 0 ? x : y);

    static Action<PtxWarp, uint> Shuffle(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("bfly"), code.Text);
        int target = program.Register(code.Operands[0]), flip = int.Parse(code.Operands[2]);
        var from = Source(program, code.Operands[1]);
        return (warp, mask) =>
        {
            Assert.AreEqual(PtxWarp.All, mask, $"a whole warp must come to '{code.Text}'");
            var values = new ulong[32];
            for (int lane = 0; lane < 32; lane++) values[lane] = from(warp)[lane ^ flip];
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

    public static float Float(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
