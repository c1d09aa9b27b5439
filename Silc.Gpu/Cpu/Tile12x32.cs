using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// 512-bit tile: 24 accumulators and 2 vectors of B in AVX-512's 32 registers; A is broadcast from memory by the multiply-add itself.
/// </summary>
readonly unsafe struct Tile12x32 : IMicroKernel
{
    public static int Rows => 12;

    public static int Columns => 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default, c80 = default, c81 = default;
        Vector512<float> c90 = default, c91 = default, ca0 = default, ca1 = default, cb0 = default, cb1 = default;
        float* a3 = a + 3 * aRow, a6 = a + 6 * aRow, a9 = a + 9 * aRow;
        for (int k = 0; k < depth; k++)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(b + 8 * bStep);
                Sse.Prefetch0(b + 8 * bStep + 16);
            }
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            x = Vector512.Create(a[2 * aRow]);
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            x = Vector512.Create(a3[0]);
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            x = Vector512.Create(a3[aRow]);
            c40 = Vector512.MultiplyAddEstimate(x, b0, c40);
            c41 = Vector512.MultiplyAddEstimate(x, b1, c41);
            x = Vector512.Create(a3[2 * aRow]);
            c50 = Vector512.MultiplyAddEstimate(x, b0, c50);
            c51 = Vector512.MultiplyAddEstimate(x, b1, c51);
            x = Vector512.Create(a6[0]);
            c60 = Vector512.MultiplyAddEstimate(x, b0, c60);
            c61 = Vector512.MultiplyAddEstimate(x, b1, c61);
            x = Vector512.Create(a6[aRow]);
            c70 = Vector512.MultiplyAddEstimate(x, b0, c70);
            c71 = Vector512.MultiplyAddEstimate(x, b1, c71);
            x = Vector512.Create(a6[2 * aRow]);
            c80 = Vector512.MultiplyAddEstimate(x, b0, c80);
            c81 = Vector512.MultiplyAddEstimate(x, b1, c81);
            x = Vector512.Create(a9[0]);
            c90 = Vector512.MultiplyAddEstimate(x, b0, c90);
            c91 = Vector512.MultiplyAddEstimate(x, b1, c91);
            x = Vector512.Create(a9[aRow]);
            ca0 = Vector512.MultiplyAddEstimate(x, b0, ca0);
            ca1 = Vector512.MultiplyAddEstimate(x, b1, ca1);
            x = Vector512.Create(a9[2 * aRow]);
            cb0 = Vector512.MultiplyAddEstimate(x, b0, cb0);
            cb1 = Vector512.MultiplyAddEstimate(x, b1, cb1);
            a += aStep;
            a3 += aStep;
            a6 += aStep;
            a9 += aStep;
            b += bStep;
        }
        var scale = Vector512.Create(alpha);
        StoreRow(c00, c01, scale, add, c);
        StoreRow(c10, c11, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c20, c21, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c30, c31, scale, Next(ref add, addRow), c + 3 * cRow);
        StoreRow(c40, c41, scale, Next(ref add, addRow), c + 4 * cRow);
        StoreRow(c50, c51, scale, Next(ref add, addRow), c + 5 * cRow);
        StoreRow(c60, c61, scale, Next(ref add, addRow), c + 6 * cRow);
        StoreRow(c70, c71, scale, Next(ref add, addRow), c + 7 * cRow);
        StoreRow(c80, c81, scale, Next(ref add, addRow), c + 8 * cRow);
        StoreRow(c90, c91, scale, Next(ref add, addRow), c + 9 * cRow);
        StoreRow(ca0, ca1, scale, Next(ref add, addRow), c + 10 * cRow);
        StoreRow(cb0, cb1, scale, Next(ref add, addRow), c + 11 * cRow);
    }

    public static int FewRows => 4;

    // Eight accumulators: as many as two multiply-adds a cycle of four cycles each keep busy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyFew(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        var a2 = a + 2 * aRow;
        for (int k = 0; k < depth; k++)
        {
            var b0 = Vector512.Load(b);
            var b1 = Vector512.Load(b + 16);
            var x = Vector512.Create(a[0]);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            x = Vector512.Create(a[aRow]);
            c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
            x = Vector512.Create(a2[0]);
            c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
            x = Vector512.Create(a2[aRow]);
            c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
            a += aStep;
            a2 += aStep;
            b += bStep;
        }
        var scale = Vector512.Create(alpha);
        StoreRow(c00, c01, scale, add, c);
        StoreRow(c10, c11, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c20, c21, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c30, c31, scale, Next(ref add, addRow), c + 3 * cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float* Next(ref float* add, nint addRow) => add == null ? null : add += addRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreRow(Vector512<float> left, Vector512<float> right, Vector512<float> scale, float* add, float* c)
    {
        left *= scale;
        right *= scale;
        if (add != null)
        {
            left += Vector512.Load(add);
            right += Vector512.Load(add + 16);
        }
        left.Store(c);
        right.Store(c + 16);
    }
}
