using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Silc.Tests;

/// <summary>
/// wgmma of bf16 with both operands in shared memory, after the PTX ISA ("Matrix Descriptor Format", "Canonical Layouts", "Register
/// Fragments and Shared Memory Matrix Layouts"): warp i of a warpgroup computes rows 16 i to 16 i + 15. It completes at once, where the
/// hardware is asynchronous: a tile that is overwritten too early shows on a GPU only.
/// </summary>
public static class PtxWgmmaSteps
{
    const int Rows = 64, Depth = 16;

    public static Action<PtxWarp, uint> Of(PtxProgram program, PtxInstruction code)
    {
        if (!code.Is("mma_async")) return static (_, _) => { };     // fence, commit_group, wait_group
        int columns = int.Parse(code.Name.Single(part => part.StartsWith("m64n", StringComparison.Ordinal)).Split('n', 'k')[1]);
        int accumulators = columns / 2;
        Assert.IsTrue(code.Is("bf16") && code.Operands.Length == accumulators + 7, code.Text);
        var registers = code.Operands[..accumulators].Select(program.Register).ToArray();
        PtxSource descriptorA = PtxSteps.Source(program, code.Operands[accumulators]),
            descriptorB = PtxSteps.Source(program, code.Operands[accumulators + 1]);
        var add = PtxSteps.Source(program, code.Operands[accumulators + 2]);
        Assert.IsTrue(code.Operands[accumulators + 3] == "1" && code.Operands[accumulators + 4] == "1", code.Text);
        bool transA = code.Operands[accumulators + 5] == "1", transB = code.Operands[accumulators + 6] == "1";
        return (warp, mask) =>
        {
            PtxWarp.RequireAll(mask, code);
            var (a, b) = (new Descriptor(Same(descriptorA(warp), code)), new Descriptor(Same(descriptorB(warp), code)));
            int first = warp.Index % 4 * Rows / 4;
            // y lies in memory as (k, column), so that a vector holds the columns of a register's lanes.
            Span<float> x = stackalloc float[16 * Depth], y = stackalloc float[columns * Depth], row8 = stackalloc float[8];
            for (int row = 0; row < 16; row++)
                for (int k = 0; k < Depth; k++) x[row * Depth + k] = a.Value(warp, first + row, k, transA);
            for (int column = 0; column < columns; column++)
                for (int k = 0; k < Depth; k++) y[k * columns + column] = b.Value(warp, column, k, transB);
            var adds = add(warp);
            // d[i]: row = lane / 4 (+ 8 for i / 2 odd), column = 8 (i / 4) + lane % 4 * 2 + (i & 1)
            for (int i = 0; i < accumulators; i += 2)
            {
                Span<ulong> even = warp.Register(registers[i]), odd = warp.Register(registers[i + 1]);
                for (int quad = 0; quad < 8; quad++)
                {
                    for (int lane = quad * 4; lane < quad * 4 + 4; lane++)
                    {
                        row8[lane % 4 * 2] = adds[lane] != 0 ? PtxSteps.Float(even[lane]) : 0;
                        row8[lane % 4 * 2 + 1] = adds[lane] != 0 ? PtxSteps.Float(odd[lane]) : 0;
                    }
                    var sum = Vector256.Create<float>(row8);
                    var left = x[((quad + i / 2 % 2 * 8) * Depth)..];
                    for (int k = 0; k < Depth; k++) sum += left[k] * Vector256.Create<float>(y.Slice(k * columns + i / 4 * 8, 8));
                    sum.CopyTo(row8);
                    for (int lane = quad * 4; lane < quad * 4 + 4; lane++)
                    {
                        even[lane] = PtxSteps.Bits(row8[lane % 4 * 2]);
                        odd[lane] = PtxSteps.Bits(row8[lane % 4 * 2 + 1]);
                    }
                }
            }
        };
    }

    static ulong Same(ReadOnlySpan<ulong> values, PtxInstruction code)
    {
        foreach (var value in values)
            if (value != values[0]) Assert.Fail($"the lanes of a warp have different descriptors at '{code.Text}'");
        return values[0];
    }

    /// <summary>Start in bits 0 to 13, leading offset 16 to 29, stride offset 32 to 45, all in units of 16 bytes; layout 62 and 63.</summary>
    readonly struct Descriptor
    {
        readonly int start, leading, stride;

        public Descriptor(ulong bits)
        {
            Assert.AreEqual(1ul, bits >> 62, "the layout is not that of 128-byte swizzle");
            Assert.AreEqual(0ul, bits >> 49 & 7, "base offset");
            (start, leading, stride) = ((int)(bits & 0x3fff) * 16, (int)(bits >> 16 & 0x3fff) * 16, (int)(bits >> 32 & 0x3fff) * 16);
        }

        // K-major: ((8, n), (units)): eight lines of 128 bytes, then the stride offset. M-major: 64 rows in a line of 128 bytes, then the
        // leading offset; eight k in eight lines, then the stride offset. Swizzle: bits 4 to 6 of an address are XORed with bits 7 to 9.
        public float Value(PtxWarp warp, int outer, int k, bool transposed)
        {
            int address = start + (transposed
                ? outer % 64 * 2 + outer / 64 * leading + k % 8 * 128 + k / 8 * stride
                : outer % 8 * 128 + outer / 8 * stride + k * 2);
            address ^= (address >> 7 & 7) << 4;
            return BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(warp.Block.Shared.Engine(address, 2, write: false)) << 16);
        }
    }
}
