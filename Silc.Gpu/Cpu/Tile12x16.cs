using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Silc;

/// <summary>
/// The 512-bit tile for heads too narrow for <see cref="Tile12x32"/>: 12 accumulators, where two multiply-adds a cycle of four cycles each need 8.
/// </summary>
readonly unsafe struct Tile12x16 : IMicroKernel
{
    public static int Rows => 12;

    public static int Columns => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        Vector512<float> c6 = default, c7 = default, c8 = default, c9 = default, ca = default, cb = default;
        float* a3 = a + 3 * aRow, a6 = a + 6 * aRow, a9 = a + 9 * aRow;
        for (int k = 0; k < depth; k++)
        {
            var row = Vector512.Load(b);
            c0 = Vector512.MultiplyAddEstimate(Vector512.Create(a[0]), row, c0);
            c1 = Vector512.MultiplyAddEstimate(Vector512.Create(a[aRow]), row, c1);
            c2 = Vector512.MultiplyAddEstimate(Vector512.Create(a[2 * aRow]), row, c2);
            c3 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[0]), row, c3);
            c4 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[aRow]), row, c4);
            c5 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[2 * aRow]), row, c5);
            c6 = Vector512.MultiplyAddEstimate(Vector512.Create(a6[0]), row, c6);
            c7 = Vector512.MultiplyAddEstimate(Vector512.Create(a6[aRow]), row, c7);
            c8 = Vector512.MultiplyAddEstimate(Vector512.Create(a6[2 * aRow]), row, c8);
            c9 = Vector512.MultiplyAddEstimate(Vector512.Create(a9[0]), row, c9);
            ca = Vector512.MultiplyAddEstimate(Vector512.Create(a9[aRow]), row, ca);
            cb = Vector512.MultiplyAddEstimate(Vector512.Create(a9[2 * aRow]), row, cb);
            a += aStep;
            a3 += aStep;
            a6 += aStep;
            a9 += aStep;
            b += bStep;
        }
        var scale = Vector512.Create(alpha);
        StoreRow(c0, scale, add, c);
        StoreRow(c1, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c2, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c3, scale, Next(ref add, addRow), c + 3 * cRow);
        StoreRow(c4, scale, Next(ref add, addRow), c + 4 * cRow);
        StoreRow(c5, scale, Next(ref add, addRow), c + 5 * cRow);
        StoreRow(c6, scale, Next(ref add, addRow), c + 6 * cRow);
        StoreRow(c7, scale, Next(ref add, addRow), c + 7 * cRow);
        StoreRow(c8, scale, Next(ref add, addRow), c + 8 * cRow);
        StoreRow(c9, scale, Next(ref add, addRow), c + 9 * cRow);
        StoreRow(ca, scale, Next(ref add, addRow), c + 10 * cRow);
        StoreRow(cb, scale, Next(ref add, addRow), c + 11 * cRow);
    }

    public static int FewRows => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void MultiplyFew(int depth, float* a, nint aRow, nint aStep, float* b, nint bStep,
        float alpha, float* add, nint addRow, float* c, nint cRow)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        var a2 = a + 2 * aRow;
        for (int k = 0; k < depth; k++)
        {
            var row = Vector512.Load(b);
            c0 = Vector512.MultiplyAddEstimate(Vector512.Create(a[0]), row, c0);
            c1 = Vector512.MultiplyAddEstimate(Vector512.Create(a[aRow]), row, c1);
            c2 = Vector512.MultiplyAddEstimate(Vector512.Create(a2[0]), row, c2);
            c3 = Vector512.MultiplyAddEstimate(Vector512.Create(a2[aRow]), row, c3);
            a += aStep;
            a2 += aStep;
            b += bStep;
        }
        var scale = Vector512.Create(alpha);
        StoreRow(c0, scale, add, c);
        StoreRow(c1, scale, Next(ref add, addRow), c + cRow);
        StoreRow(c2, scale, Next(ref add, addRow), c + 2 * cRow);
        StoreRow(c3, scale, Next(ref add, addRow), c + 3 * cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float* Next(ref float* add, nint addRow) => add == null ? null : add += addRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreRow(Vector512<float> row, Vector512<float> scale, float* add, float* c)
    {
        row *= scale;
        if (add != null) row += Vector512.Load(add);
        row.Store(c);
    }
}
