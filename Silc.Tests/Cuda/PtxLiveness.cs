using System.Numerics;

namespace Silc.Tests;

/// <summary>
/// How many 32-bit registers hold something that is still wanted, at the point of a kernel where it is most: about what an assembler
/// needs. It may do with fewer by computing things again, and take more by reading ahead. Beyond 255 a thread has local memory.
/// </summary>
public static class PtxLiveness
{
    public static int Most(PtxProgram program)
    {
        var code = program.Code;
        var operands = code.Select(one => Operands(one)).Select(names =>
            (Written: Numbers(program, names.Written), Read: Numbers(program, names.Read))).ToArray();
        var widths = Widths(program);
        int words = (program.RegisterCount + 63) / 64, most = 0;
        var before = new ulong[code.Count + 1][];
        for (int i = 0; i <= code.Count; i++) before[i] = new ulong[words];
        var live = new ulong[words];
        // Backwards until nothing changes: what is live before an instruction is what it reads, and what lives after it but for what it writes.
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = code.Count - 1; i >= 0; i--)
            {
                var name = code[i].Name[0];
                bool branch = name == "bra", always = code[i].Guard is null;
                if ((branch || name is "ret" or "exit") && always) Array.Clear(live);
                else before[i + 1].CopyTo(live, 0);
                if (branch) Add(live, before[program.Label(code[i].Operands[0])]);
                if (always) foreach (var register in operands[i].Written) Set(live, register, false);
                foreach (var register in operands[i].Read) Set(live, register, true);
                if (live.AsSpan().SequenceEqual(before[i])) continue;
                live.CopyTo(before[i], 0);
                changed = true;
            }
        }
        foreach (var set in before) most = Math.Max(most, Count(set, widths));
        return most;
    }

    static int[] Numbers(PtxProgram program, IEnumerable<string> names) => [.. names.Select(program.Register)];

    static (IEnumerable<string> Written, IEnumerable<string> Read) Operands(PtxInstruction code)
    {
        int written = code.Name[0] switch
        {
            "st" or "cp" or "bra" or "bar" or "barrier" or "ret" or "exit" => 0,
            "ld" => code.Operands.Length - 1,
            "ldmatrix" or "mma" => 4,
            _ => 1,
        };
        var read = code.Operands[written..].Select(operand => operand.Trim('[', ']').Split('+')[0]).Where(IsRegister);
        return (code.Operands[..written], code.Guard is null ? read : read.Append(code.Guard));
    }

    // ILGPU's begin with a percent sign, those of our instructions with a letter; special registers and names in memory are neither.
    static bool IsRegister(string operand) => !operand.StartsWith("silc_", StringComparison.Ordinal) && !operand.StartsWith("kernel", StringComparison.Ordinal)
        && (operand[0] == '%' ? char.IsAsciiDigit(operand[^1]) : char.IsAsciiLetter(operand[0]) && operand.All(char.IsAsciiLetter));

    // In 32-bit registers, by the type of what is written there; predicates have their own.
    static int[] Widths(PtxProgram program)
    {
        var widths = new int[program.RegisterCount];
        foreach (var code in program.Code)
            foreach (var register in Operands(code).Written) widths[program.Register(register)] = Width(code);
        return widths;
    }

    static int Width(PtxInstruction code)
    {
        var type = code.Name[0] == "cvt" ? code.Name[^2] : code.Type;
        return code.Name[0] is "setp" or "testp" || type == "pred" ? 0 : type.EndsWith("64", StringComparison.Ordinal) || code.Is("wide") ? 2 : 1;
    }

    static void Set(ulong[] set, int register, bool on)
    {
        if (on) set[register / 64] |= 1ul << register;
        else set[register / 64] &= ~(1ul << register);
    }

    static void Add(ulong[] to, ulong[] from)
    {
        for (int i = 0; i < to.Length; i++) to[i] |= from[i];
    }

    static int Count(ulong[] set, int[] widths)
    {
        int sum = 0;
        for (int i = 0; i < set.Length; i++)
            for (var left = set[i]; left != 0; left &= left - 1) sum += widths[i * 64 + BitOperations.TrailingZeroCount(left)];
        return sum;
    }
}
