using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// 256-bit tile: 12 accumulators, 2 vectors of B and 1 of A make 15 of AVX2's 16 registers. Twelve multiply-adds a step keep
/// both pipes busy through their latency of 4 (2 × 4 = 8 are needed).
/// </summary>
readonly unsafe struct Tile6x16 : IMicroKernel
{
    public static int Rows => 6;

    public static int Columns => 16;

    // The accumulators are named, not an array: RyuJIT keeps locals in registers and arrays in memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        if (Sse.IsSupported) PrefetchRows(add == null || addRow == 0 ? c : add, add == null || addRow == 0 ? cRow : addRow);
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        var a3 = a + 3 * aRow;
        for (int k = 0; k < depth; k++)
        {
            // Eight rows of B ahead: a packed panel streams from the L2 cache, an unpacked one from memory.
            if (Sse.IsSupported) Sse.Prefetch0(b + 8 * bStep);
            var b0 = Vector256.Load(b);
            var b1 = Vector256.Load(b + 8);
            var x = Vector256.Create(a[0]);
            c00 = Vector256.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector256.MultiplyAddEstimate(x, b1, c01);
            x = Vector256.Create(a[aRow]);
            c10 = Vector256.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector256.MultiplyAddEstimate(x, b1, c11);
            x = Vector256.Create(a[2 * aRow]);
            c20 = Vector256.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector256.MultiplyAddEstimate(x, b1, c21);
            x = Vector256.Create(a3[0]);
            c30 = Vector256.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector256.MultiplyAddEstimate(x, b1, c31);
            x = Vector256.Create(a3[aRow]);
            c40 = Vector256.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector256.MultiplyAddEstimate(x, b1, c41);
            x = Vector256.Create(a3[2 * aRow]);
            c50 = Vector256.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector256.MultiplyAddEstimate(x, b1, c51);
            a += aStep;
            a3 += aStep;
            b += bStep;
        }
        var scale = Vector256.Create(alpha);
        StoreRow(c00, c01, scale, add, c);
        StoreRow(c10, c11, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c20, c21, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c30, c31, scale, Next(ref add, addRow), c + 3 * cRow);
        StoreRow(c40, c41, scale, Next(ref add, addRow), c + 4 * cRow);
        StoreRow(c50, c51, scale, Next(ref add, addRow), c + 5 * cRow);
    }

    // Prefetch the tile of C, which is accessed only at the end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void PrefetchRows(float* row, nint stride)
    {
        for (int i = 0; i < 6; i++) Sse.Prefetch0(row + i * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float* Next(ref float* add, nint addRow) => add == null ? null : add += addRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreRow(Vector256<float> left, Vector256<float> right, Vector256<float> scale, float* add, float* c)
    {
        left *= scale;
        right *= scale;
        if (add != null)
        {
            left += Vector256.Load(add);
            right += Vector256.Load(add + 8);
        }
        left.Store(c);
        right.Store(c + 8);
    }
}
