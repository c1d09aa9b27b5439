using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>Instructions that touch memory.</summary>
public static unsafe partial class PtxMemorySteps
{
    public static Action<PtxWarp, uint> Of(PtxProgram program, PtxInstruction code)
    {
        bool store = code.Name[0] == "st";
        int bytes = int.Parse(code.Type.AsSpan(1)) / 8;
        // Vectors are spread over the operands: addresses are in brackets.
        var at = Array.FindIndex(code.Operands, operand => operand[0] == '[');
        string[] values = [.. code.Operands.Where((_, i) => i != at)];
        int count = code.Is("v4") ? 4 : code.Is("v2") ? 2 : 1;
        Assert.AreEqual(count, values.Length, code.Text);
        var parts = AddressForm().Match(code.Operands[at]);
        long offset = parts.Groups[2] is { Success: true } more ? long.Parse(more.Value) : 0;

        if (code.Is("param"))
        {
            Assert.IsTrue(!store && count == 1, code.Text);
            int target = program.Register(values[0]);
            return (warp, mask) =>
            {
                ulong value = bytes == 8 ? BitConverter.ToUInt64(warp.Block.Parameters, (int)offset)
                    : BitConverter.ToUInt32(warp.Block.Parameters, (int)offset);
                foreach (var lane in PtxWarp.Lanes(mask)) warp.Register(target)[lane] = value;
            };
        }

        var addresses = PtxSteps.Source(program, parts.Groups[1].Value);
        var sources = store ? values.Select(value => PtxSteps.Source(program, value)).ToArray() : [];
        var targets = store ? [] : values.Select(program.Register).ToArray();
        if (code.Is("shared"))
            return (warp, mask) =>
            {
                Span<int> touched = stackalloc int[32];
                int lanes = 0;
                var from = addresses(warp);
                var shared = warp.Block.Shared;
                foreach (var lane in PtxWarp.Lanes(mask))
                {
                    int address = (int)((long)from[lane] + offset);
                    touched[lanes++] = address;
                    if (store) shared.Write(address, bytes * count, warp.Index);
                    else shared.Read(address, bytes * count, warp.Index);
                }
                for (int i = 0; i < count; i++)
                {
                    var values = store ? sources[i](warp) : default;
                    var register = store ? default : warp.Register(targets[i]);
                    int at = 0;
                    foreach (var lane in PtxWarp.Lanes(mask))
                    {
                        var word = shared.Bytes.Slice(touched[at++] + i * bytes, bytes);
                        if (store) Put(word, values[lane], bytes);
                        else register[lane] = Get(word, bytes);
                    }
                }
                shared.Count(touched[..lanes], bytes * count);
            };

        Assert.IsTrue(code.Is("global"), $"the emulator has no '{code.Text}'");
        return (warp, mask) =>
        {
            // Copied, for a load may overwrite the register of its address.
            Span<ulong> from = stackalloc ulong[32];
            addresses(warp).CopyTo(from);
            foreach (var lane in PtxWarp.Lanes(mask)) warp.Block.Global.Check((long)from[lane] + offset, bytes * count);
            for (int i = 0; i < count; i++)
            {
                var values = store ? sources[i](warp) : default;
                var register = store ? default : warp.Register(targets[i]);
                foreach (var lane in PtxWarp.Lanes(mask))
                {
                    var word = new Span<byte>((void*)((long)from[lane] + offset + i * bytes), bytes);
                    if (store) Put(word, values[lane], bytes);
                    else register[lane] = Get(word, bytes);
                }
            }
        };
    }

    /// <summary>atom.inc: one more than what was there, or 0 from the limit on; gives what was there.</summary>
    public static Action<PtxWarp, uint> CountUp(PtxProgram program, PtxInstruction code)
    {
        Assert.IsTrue(code.Is("acq_rel") && code.Is("gpu") && code.Is("global") && code.Is("inc") && code.Type == "u32", code.Text);
        int target = program.Register(code.Operands[0]);
        var (addresses, offset) = Address(program, code.Operands[1]);
        var limits = PtxSteps.Source(program, code.Operands[2]);
        return (warp, mask) =>
        {
            foreach (var lane in PtxWarp.Lanes(mask))
            {
                long at = (long)addresses(warp)[lane] + offset;
                warp.Block.Global.Check(at, sizeof(uint));
                uint before = *(uint*)at;
                *(uint*)at = before >= (uint)limits(warp)[lane] ? 0 : before + 1;
                warp.Register(target)[lane] = before;
            }
        };
    }

    public static Action<PtxWarp, uint> Matrices(PtxProgram program, PtxInstruction code)
    {
        bool transposed = code.Is("trans");
        Assert.IsTrue(code.Is("x4") && code.Operands.Length == 5, code.Text);
        var targets = code.Operands[..4].Select(program.Register).ToArray();
        var addresses = PtxSteps.Source(program, code.Operands[4].Trim('[', ']'));
        return (warp, mask) =>
        {
            PtxWarp.RequireAll(mask, code);
            Span<ushort> matrix = stackalloc ushort[64];
            Span<int> touched = stackalloc int[32];
            var from = addresses(warp);
            for (int lane = 0; lane < 32; lane++) touched[lane] = (int)from[lane];
            for (int m = 0; m < 4; m++)
            {
                for (int row = 0; row < 8; row++)
                    MemoryMarshal.Cast<byte, ushort>(warp.Block.Shared.Read(touched[m * 8 + row], 16, warp.Index)).CopyTo(matrix[(row * 8)..]);
                var register = warp.Register(targets[m]);
                for (int lane = 0; lane < 32; lane++) register[lane] = TensorCore.Matrix(matrix, lane, transposed);
            }
            warp.Block.Shared.Count(touched, 16);
        };
    }

    /// <summary>A register in brackets, and what is added to it.</summary>
    public static (PtxSource Register, int Offset) Address(PtxProgram program, string operand)
    {
        var parts = AddressForm().Match(operand);
        return (PtxSteps.Source(program, parts.Groups[1].Value), parts.Groups[2] is { Success: true } more ? int.Parse(more.Value) : 0);
    }

    static void Put(Span<byte> to, ulong value, int bytes)
    {
        if (bytes == 8) BitConverter.TryWriteBytes(to, value);
        else BitConverter.TryWriteBytes(to, (uint)value);
    }

    static ulong Get(ReadOnlySpan<byte> from, int bytes) => bytes == 8 ? BitConverter.ToUInt64(from) : BitConverter.ToUInt32(from);

    [GeneratedRegex(@"^\[([^+\]]+)(?:\+(-?\d+))?\]$")]
    private static partial Regex AddressForm();
}
