using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>
/// The innermost loop of the product in 8 bits: 6 rows of bytes by a panel of 16 columns in twelve of AVX's sixteen registers. AVX-VNNI multiplies
/// 32 bytes by 32 and adds four neighbours exactly, twice a cycle: twice the rate of float32 in vectors of 512 bits, four times that in 256.
/// </summary>
static unsafe class Int8Tile
{
    public const int Rows = 6, Columns = Int8Kernel.Width;

    const int Half = 8;

    /// <summary>
    /// C[r, n] = Σ over k of x[r, k] · kernel[k, n] + bias[n] + addend[r, n], with x = low[r] + scale[r] · q[r, k]:
    /// scale[r] · scale[n] · Σ q[r, k] q[k, n] + low[r] · sum[n].
    /// </summary>
    /// <param name="steps">Groups of four k.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="row">First of the six.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="scales">The scales of its columns.</param>
    /// <param name="sums">The sums of its columns.</param>
    /// <param name="bias">Of its columns, or null.</param>
    /// <param name="add">The addend, or null.</param>
    /// <param name="addRow">Floats from one row of the addend to the next.</param>
    /// <param name="c">C.</param>
    /// <param name="cRow">Floats from one row of C to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int steps, in Int8Rows rows, int row, sbyte* panel, float* scales, float* sums, float* bias,
        float* add, nint addRow, float* c, nint cRow)
    {
        Vector256<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<int> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        nint stride = rows.Stride;
        byte* a = rows.Row(row), a3 = a + 3 * stride;
        for (int step = 0; step < steps; step++)
        {
            Vector256<sbyte> b0 = Vector256.Load(panel), b1 = Vector256.Load(panel + 32);
            var x = Four(a);
            c00 = Dot(c00, x, b0);
            c01 = Dot(c01, x, b1);
            x = Four(a + stride);
            c10 = Dot(c10, x, b0);
            c11 = Dot(c11, x, b1);
            x = Four(a + 2 * stride);
            c20 = Dot(c20, x, b0);
            c21 = Dot(c21, x, b1);
            x = Four(a3);
            c30 = Dot(c30, x, b0);
            c31 = Dot(c31, x, b1);
            x = Four(a3 + stride);
            c40 = Dot(c40, x, b0);
            c41 = Dot(c41, x, b1);
            x = Four(a3 + 2 * stride);
            c50 = Dot(c50, x, b0);
            c51 = Dot(c51, x, b1);
            a += Int8Kernel.Group;
            a3 += Int8Kernel.Group;
            panel += 64;
        }
        float* scale = rows.Scales + row, low = rows.Lows + row;
        Store(c00, c01, scale[0], low[0], scales, sums, bias, add, c);
        Store(c10, c11, scale[1], low[1], scales, sums, bias, Next(ref add, addRow), c + cRow);
        Store(c20, c21, scale[2], low[2], scales, sums, bias, Next(ref add, addRow), c + 2 * cRow);
        Store(c30, c31, scale[3], low[3], scales, sums, bias, Next(ref add, addRow), c + 3 * cRow);
        Store(c40, c41, scale[4], low[4], scales, sums, bias, Next(ref add, addRow), c + 4 * cRow);
        Store(c50, c51, scale[5], low[5], scales, sums, bias, Next(ref add, addRow), c + 5 * cRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> Four(byte* a) => Vector256.Create(*(int*)a).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Dot(Vector256<int> sum, Vector256<byte> x, Vector256<sbyte> w)
    {
        if (AvxVnni.IsSupported) return AvxVnni.MultiplyWideningAndAdd(sum, x, w);
        // The four products one after another, in the 32 bits that they share.
        for (int shift = 24; shift >= 0; shift -= 8) sum += ((x.AsInt32() << shift) >>> 24) * ((w.AsInt32() << shift) >> 24);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float* Next(ref float* add, nint addRow) => add == null ? null : add += addRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector256<int> left, Vector256<int> right, float scale, float low, float* scales, float* sums, float* bias, float* add,
        float* c)
    {
        StoreHalf(left, scale, low, scales, sums, bias, add, c);
        StoreHalf(right, scale, low, scales + Half, sums + Half, bias == null ? null : bias + Half, add == null ? null : add + Half, c + Half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreHalf(Vector256<int> sum, float scale, float low, float* scales, float* sums, float* bias, float* add, float* c)
    {
        var constant = Vector256.Create(low) * Vector256.Load(sums);
        if (bias != null) constant += Vector256.Load(bias);
        if (add != null) constant += Vector256.Load(add);
        Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(sum), Vector256.Create(scale) * Vector256.Load(scales), constant).Store(c);
    }
}
