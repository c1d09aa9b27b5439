using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>128-bit tile for ARM's 32 NEON registers: 16 accumulators, 2 vectors of B, 1 of A.</summary>
readonly unsafe struct Tile8x8 : IMicroKernel
{
    public static int Rows => 8;

    public static int Columns => 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        Vector128<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector128<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector128<float> c60 = default, c61 = default, c70 = default, c71 = default;
        var a4 = a + 4 * aRow;
        for (int k = 0; k < depth; k++)
        {
            var b0 = Vector128.Load(b);
            var b1 = Vector128.Load(b + 4);
            var x = Vector128.Create(a[0]);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            x = Vector128.Create(a[aRow]);
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            x = Vector128.Create(a[2 * aRow]);
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            x = Vector128.Create(a[3 * aRow]);
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            x = Vector128.Create(a4[0]);
            c40 = Vector128.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector128.MultiplyAddEstimate(x, b1, c41);
            x = Vector128.Create(a4[aRow]);
            c50 = Vector128.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector128.MultiplyAddEstimate(x, b1, c51);
            x = Vector128.Create(a4[2 * aRow]);
            c60 = Vector128.MultiplyAddEstimate(x, b0, c60);
            c61 = Vector128.MultiplyAddEstimate(x, b1, c61);
            x = Vector128.Create(a4[3 * aRow]);
            c70 = Vector128.MultiplyAddEstimate(x, b0, c70);
            c71 = Vector128.MultiplyAddEstimate(x, b1, c71);
            a += aStep;
            a4 += aStep;
            b += bStep;
        }
        var scale = Vector128.Create(alpha);
        StoreRow(c00, c01, scale, add, c);
        StoreRow(c10, c11, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c20, c21, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c30, c31, scale, Next(ref add, addRow), c + 3 * cRow);
        StoreRow(c40, c41, scale, Next(ref add, addRow), c + 4 * cRow);
        StoreRow(c50, c51, scale, Next(ref add, addRow), c + 5 * cRow);
        StoreRow(c60, c61, scale, Next(ref add, addRow), c + 6 * cRow);
        StoreRow(c70, c71, scale, Next(ref add, addRow), c + 7 * cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float* Next(ref float* add, nint addRow) => add == null ? null : add += addRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreRow(Vector128<float> left, Vector128<float> right, Vector128<float> scale, float* add, float* c)
    {
        left *= scale;
        right *= scale;
        if (add != null)
        {
            left += Vector128.Load(add);
            right += Vector128.Load(add + 4);
        }
        left.Store(c);
        right.Store(c + 4);
    }
}
