using System.Runtime.Intrinsics;

namespace Silc.Tests;

/// <summary>
/// mma.sync and ldmatrix, after the PTX ISA (sections "Matrix Fragments for mma.m16n8k16", "… mma.m16n8k8" and "ldmatrix") and independent
/// of <see cref="FragmentLayout"/>: element i of lane l is at (row, column).
/// </summary>
public static class TensorCore
{
    // groupID = %laneid >> 2; threadID_in_group = %laneid % 4. .bf16, A: row = groupID for ai where 0 <= i < 2 || 4 <= i < 6,
    // groupID + 8 otherwise; col = threadID_in_group * 2 + (i & 1) for i < 4, + 8 for i >= 4.
    public static (int Row, int Column) Bf16A(int lane, int i) =>
        (i is 0 or 1 or 4 or 5 ? lane / 4 : lane / 4 + 8, lane % 4 * 2 + i % 2 + (i >= 4 ? 8 : 0));

    // B: row = threadID_in_group * 2 + (i & 1) for i < 2, + 8 for i >= 2; col = groupID.
    public static (int Row, int Column) Bf16B(int lane, int i) => (lane % 4 * 2 + i % 2 + (i >= 2 ? 8 : 0), lane / 4);

    // .tf32, A: row = groupID for a0 and a2, groupID + 8 for a1 and a3; col = threadID_in_group for a0 and a1, threadID_in_group
    // + 4 for a2 and a3.
    public static (int Row, int Column) Tf32A(int lane, int i) => (i is 0 or 2 ? lane / 4 : lane / 4 + 8, i is 0 or 1 ? lane % 4 : lane % 4 + 4);

    // B: row = threadID_in_group for b0, + 4 for b1; col = groupID.
    public static (int Row, int Column) Tf32B(int lane, int i) => (i == 0 ? lane % 4 : lane % 4 + 4, lane / 4);

    // C and D of both: row = groupID for ci where i < 2, groupID + 8 for i >= 2; col = threadID_in_group * 2 + (i & 1).
    public static (int Row, int Column) C(int lane, int i) => (i < 2 ? lane / 4 : lane / 4 + 8, lane % 4 * 2 + i % 2);

    /// <summary>
    /// d = a · b + c; registers of lane l are at [register * 32 + l]. Products are exact and added in float32; NVIDIA leaves the order open.
    /// </summary>
    public static void MulAdd(bool bf16, ReadOnlySpan<uint> a, ReadOnlySpan<uint> b, ReadOnlySpan<float> c, Span<float> d)
    {
        int depth = bf16 ? 16 : 8, perWord = bf16 ? 2 : 1;
        Span<float> tileA = stackalloc float[16 * depth], tileB = stackalloc float[depth * 8], acc = stackalloc float[16 * 8];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4 * perWord; i++)
            {
                var (row, column) = bf16 ? Bf16A(lane, i) : Tf32A(lane, i);
                tileA[row * depth + column] = Value(a[i / perWord * 32 + lane], i % perWord, bf16);
            }
            for (int i = 0; i < 2 * perWord; i++)
            {
                var (row, column) = bf16 ? Bf16B(lane, i) : Tf32B(lane, i);
                tileB[row * 8 + column] = Value(b[i / perWord * 32 + lane], i % perWord, bf16);
            }
            for (int i = 0; i < 4; i++)
            {
                var (row, column) = C(lane, i);
                acc[row * 8 + column] = c[i * 32 + lane];
            }
        }
        for (int row = 0; row < 16; row++)
        {
            var sums = Vector256.Create<float>(acc.Slice(row * 8, 8));
            for (int k = 0; k < depth; k++) sums += tileA[row * depth + k] * Vector256.Create<float>(tileB.Slice(k * 8, 8));
            sums.CopyTo(acc[(row * 8)..]);
        }
        for (int lane = 0; lane < 32; lane++)
            for (int i = 0; i < 4; i++)
            {
                var (row, column) = C(lane, i);
                d[i * 32 + lane] = acc[row * 8 + column];
            }
    }

    // tf32 operands are 32 bits, of which the hardware reads the high 19.
    static float Value(uint word, int half, bool bf16) =>
        BitConverter.UInt32BitsToSingle(bf16 ? half == 0 ? word << 16 : word & 0xffff0000 : word & 0xffffe000);

    /// <summary>
    /// ldmatrix: register m of lane l receives row l / 4, elements 2 (l % 4) and + 1 of matrix m; with .trans, of the transposed matrix.
    /// </summary>
    public static uint Matrix(ReadOnlySpan<ushort> matrix, int lane, bool transposed)
    {
        int row = lane / 4, column = lane % 4 * 2;
        return transposed ? matrix[column * 8 + row] | (uint)matrix[(column + 1) * 8 + row] << 16
            : matrix[row * 8 + column] | (uint)matrix[row * 8 + column + 1] << 16;
    }

    /// <summary>cvt.rn.bf16: to nearest, ties to even.</summary>
    public static ushort RoundBf16(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x) ? (ushort)0x7fff : (ushort)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }

    /// <summary>cvt.rna.tf32: to nearest, ties away from zero.</summary>
    public static uint RoundTf32(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x) ? 0x7fffffff : (bits + 0x1000) & 0xffffe000;
    }
}
