using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using static Silc.Tests.PtxOperations;

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
        "atom" => PtxMemorySteps.CountUp(program, code),
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

    static Action<PtxWarp, uint> Each<T>(int target, PtxSource a) where T : IPtxUnary => (warp, mask) =>
    {
        var to = warp.Register(target);
        var x = a(warp)[..to.Length];
        if (mask == PtxWarp.All) for (int lane = 0; lane < to.Length; lane++) to[lane] = T.Of(x[lane]);
        else foreach (var lane in PtxWarp.Lanes(mask)) to[lane] = T.Of(x[lane]);
    };

    static Action<PtxWarp, uint> Each<T>(int target, PtxSource a, PtxSource b) where T : IPtxBinary => (warp, mask) =>
    {
        var to = warp.Register(target);
        ReadOnlySpan<ulong> x = a(warp)[..to.Length], y = b(warp)[..to.Length];
        if (mask == PtxWarp.All) for (int lane = 0; lane < to.Length; lane++) to[lane] = T.Of(x[lane], y[lane]);
        else foreach (var lane in PtxWarp.Lanes(mask)) to[lane] = T.Of(x[lane], y[lane]);
    };

    static Action<PtxWarp, uint> Each<T>(int target, PtxSource a, PtxSource b, PtxSource c) where T : IPtxTernary => (warp, mask) =>
    {
        var to = warp.Register(target);
        ReadOnlySpan<ulong> x = a(warp)[..to.Length], y = b(warp)[..to.Length], z = c(warp)[..to.Length];
        if (mask == PtxWarp.All) for (int lane = 0; lane < to.Length; lane++) to[lane] = T.Of(x[lane], y[lane], z[lane]);
        else foreach (var lane in PtxWarp.Lanes(mask)) to[lane] = T.Of(x[lane], y[lane], z[lane]);
    };

    static Action<PtxWarp, uint> Arithmetic(PtxProgram program, PtxInstruction code)
    {
        int target = program.Register(code.Operands[0]);
        var from = code.Operands[1..].Select(operand => Source(program, operand)).ToArray();
        var name = code.Name[0];
        if (name is "mov" or "cvta") return Each<Same>(target, from[0]);
        if (name == "cvt" && from.Length == 1) return Convert(code)(target, from[0]);
        if (name == "cvt") return code.Is("bf16x2") ? Each<PackBf16>(target, from[0], from[1]) : throw Unknown(code);
        if (code.Is("hi")) throw Unknown(code);
        return (code.Type, from.Length) switch
        {
            ("f32", 1) => Unary(code)(target, from[0]),
            ("f32", 2) => Binary(code)(target, from[0], from[1]),
            ("f32", _) => Each<MultiplyAdd>(target, from[0], from[1], from[2]),
            (_, 1) => Integer1(code)(target, from[0]),
            (_, 2) => Integer2(code)(target, from[0], from[1]),
            _ => Integer3(code)(target, from[0], from[1], from[2]),
        };
    }

    static Func<int, PtxSource, Action<PtxWarp, uint>> Unary(PtxInstruction code) => code.Name[0] switch
    {
        "testp" when code.Is("notanumber") => Each<IsNaN>,
        "testp" when code.Is("infinite") => Each<IsInfinite>,
        "testp" when code.Is("finite") => Each<IsFinite>,
        "neg" => Each<Negative>,
        "abs" => Each<Absolute>,
        "ex2" => Each<PowerOf2>,
        "lg2" => Each<Logarithm2>,
        "rcp" => Each<Reciprocal>,
        "sqrt" => Each<Root>,
        _ => throw Unknown(code),
    };

    static Func<int, PtxSource, PtxSource, Action<PtxWarp, uint>> Binary(PtxInstruction code) => code.Name[0] switch
    {
        "add" => Each<Add>,
        "sub" => Each<Subtract>,
        "mul" => Each<Multiply>,
        "div" => Each<Divide>,
        "min" => Each<Minimum>,
        "max" => Each<Maximum>,
        _ => throw Unknown(code),
    };

    static Func<int, PtxSource, Action<PtxWarp, uint>> Integer1(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("neg", "s32") => Each<Negative32>,
        ("neg", "s64") => Each<Negative64>,
        ("not", "b32") => Each<Not32>,
        ("not", "pred") => Each<NotPredicate>,
        _ => throw Unknown(code),
    };

    static Func<int, PtxSource, PtxSource, Action<PtxWarp, uint>> Integer2(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("add", "s32" or "u32") => Each<Add32>,
        ("add", "s64" or "u64") => Each<Add64>,
        ("sub", "s32" or "u32") => Each<Subtract32>,
        ("sub", "s64" or "u64") => Each<Subtract64>,
        ("mul", "u32") when code.Is("wide") => Each<MultiplyWideUnsigned>,
        ("mul", "s32") when code.Is("wide") => Each<MultiplyWide>,
        ("mul", "s32" or "u32") => Each<Multiply32>,
        ("mul", "s64" or "u64") => Each<Multiply64>,
        ("div", "u32") => Each<DivideUnsigned>,
        ("rem", "u32") => Each<RemainderUnsigned>,
        ("div", "s32") => Each<DivideSigned>,
        ("rem", "s32") => Each<RemainderSigned>,
        ("min", "s32") => Each<MinimumSigned>,
        ("max", "s32") => Each<MaximumSigned>,
        ("and", _) => Each<And>,
        ("or", _) => Each<Or>,
        ("xor", _) => Each<Xor>,
        ("shl", "b32") => Each<Left32>,
        ("shl", "b64") => Each<Left64>,
        ("shr", "s32") => Each<RightSigned32>,
        ("shr", "u32" or "b32") => Each<Right32>,
        ("shr", "u64" or "b64") => Each<Right64>,
        ("shr", "s64") => Each<RightSigned64>,
        _ => throw Unknown(code),
    };

    static Func<int, PtxSource, PtxSource, PtxSource, Action<PtxWarp, uint>> Integer3(PtxInstruction code) => (code.Name[0], code.Type) switch
    {
        ("mad", "s32") when code.Is("lo") => Each<MultiplyAdd32>,
        ("mad", "s64") when code.Is("lo") => Each<MultiplyAdd64>,
        _ => throw Unknown(code),
    };

    static Func<int, PtxSource, Action<PtxWarp, uint>> Convert(PtxInstruction code) => (code.Name[^2], code.Name[^1]) switch
    {
        ("f64", "f32") => Each<ToDouble>,
        ("tf32", "f32") => Each<ToTf32>,
        ("f32", "s32") => Each<FloatOfSigned>,
        ("s64", "s32") => Each<Widened>,
        ("s32" or "u32", "s64" or "u64") => Each<Narrowed>,
        ("u64" or "s64", "u32") => Each<Narrowed>,
        ("u64", "s32") => Each<Widened>,
        ("f32", "u32") => Each<FloatOfUnsigned>,
        ("s32", "f32") => Each<SignedOfFloat>,
        _ => throw Unknown(code),
    };

    static Action<PtxWarp, uint> Compare(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Name.Length == (code.Is("and") ? 4 : 3), $"the emulator has no '{code.Text}'");
        return code.Type switch
        {
            "f32" => Compare<F32, float>(program, code),
            "f64" => Compare<F64, double>(program, code),
            "s32" or "b32" => Compare<S32, int>(program, code),
            "s64" or "b64" => Compare<S64, long>(program, code),
            "u32" => Compare<U32, uint>(program, code),
            "u64" => Compare<U64, ulong>(program, code),
            _ => throw Unknown(code),
        };
    }

    static Action<PtxWarp, uint> Compare<TType, T>(PtxProgram program, PtxInstruction code) where TType : IPtxType<T> where T : INumber<T>
    {
        int target = program.Register(code.Operands[0]);
        PtxSource a = Source(program, code.Operands[1]), b = Source(program, code.Operands[2]);
        return code.Name[1] switch
        {
            "eq" => By<Equal>(),
            "ne" => By<NotEqual>(),
            "lt" or "lo" => By<Less>(),
            "le" or "ls" => By<LessOrEqual>(),
            "gt" or "hi" => By<Greater>(),
            "ge" or "hs" => By<GreaterOrEqual>(),
            "equ" => By<Not<NotEqual>>(),
            "neu" => By<Not<Equal>>(),
            "ltu" => By<Not<GreaterOrEqual>>(),
            "leu" => By<Not<Greater>>(),
            "gtu" => By<Not<LessOrEqual>>(),
            "geu" => By<Not<Less>>(),
            _ => throw Unknown(code),
        };

        Action<PtxWarp, uint> By<TRelation>() where TRelation : IPtxRelation => code.Is("and")
            ? Each<HoldsAnd<Holds<TType, T, TRelation>>>(target, a, b, Source(program, code.Operands[3]))
            : Each<Holds<TType, T, TRelation>>(target, a, b);
    }

    static Action<PtxWarp, uint> Select(PtxProgram program, PtxInstruction code) => Each<Choose>(program.Register(code.Operands[0]),
        Source(program, code.Operands[1]), Source(program, code.Operands[2]), Source(program, code.Operands[3]));

    static Action<PtxWarp, uint> Shuffle(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("bfly"), code.Text);
        int target = program.Register(code.Operands[0]), flip = int.Parse(code.Operands[2]);
        var from = Source(program, code.Operands[1]);
        return (warp, mask) =>
        {
            PtxWarp.RequireAll(mask, code);
            Span<ulong> values = stackalloc ulong[32];
            var own = from(warp);
            for (int lane = 0; lane < 32; lane++) values[lane] = own[lane ^ flip];
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
            PtxWarp.RequireAll(mask, code);
            Span<uint> a = stackalloc uint[128], b = stackalloc uint[64];
            Span<float> c = stackalloc float[128], d = stackalloc float[128];
            for (int i = 0; i < 4; i++) Low(warp.Register(registers[4 + i]), a[(i * 32)..]);
            for (int i = 0; i < 2; i++) Low(warp.Register(registers[8 + i]), b[(i * 32)..]);
            for (int i = 0; i < 4; i++) Low(warp.Register(registers[10 + i]), MemoryMarshal.Cast<float, uint>(c)[(i * 32)..]);
            TensorCore.MulAdd(bf16, a, b, c, d);
            for (int i = 0; i < 4; i++)
            {
                var to = warp.Register(registers[i]);
                for (int lane = 0; lane < to.Length; lane++) to[lane] = Bits(d[i * 32 + lane]);
            }
        };
    }

    static void Low(ReadOnlySpan<ulong> register, Span<uint> to)
    {
        for (int lane = 0; lane < register.Length; lane++) to[lane] = (uint)register[lane];
    }

    static NotSupportedException Unknown(PtxInstruction code) => new($"the emulator has no '{code.Text}'");

    public static float Float(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
