using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// A product with one row, as in inference on a single image. Every float of B is used once, so the time is that of reading B:
/// no packing, no tile, just B in the order in which it lies.
/// </summary>
static unsafe class CpuGemv
{
    /// <summary>Computes the given columns of C[1, N].</summary>
    public static void Multiply(in GemmArgs g, int begin, int end)
    {
        var x = ThreadScratch.Packing(g.K);
        nint step = g.TransA ? g.Lda : 1;
        for (int k = 0; k < g.K; k++) x[k] = g.A[k * step];

        if (g.TransB) DotRows(x, g.B, g.Ldb, g.C, begin, end, g.K, g.Alpha, g.Addend);
        else SumRows(x, g.B, g.Ldb, g.C, begin, end, g.K, g.Alpha, g.Addend);
        if (g.Bias != null) SimdMath.Add(g.Bias + begin, g.C + begin, end - begin);
        if (g.Hidden != null) SimdMath.GeluBackward(g.Hidden + begin, g.C + begin, g.Gelu + begin, end - begin);
        else if (g.Gelu != null) SimdMath.Gelu(g.C + begin, g.Gelu + begin, end - begin);
    }

    // B is (K, N): eight vectors of C stay in registers while k runs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SumRows(float* x, float* b, nint stride, float* c, int begin, int end, int depth, float alpha, float* add)
    {
        int lanes = Vector<float>.Count, j = begin;
        for (; j <= end - 8 * lanes; j += 8 * lanes)
        {
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            var row = b + j;
            for (int k = 0; k < depth; k++, row += stride)
            {
                var xk = new Vector<float>(x[k]);
                s0 = Vector.MultiplyAddEstimate(xk, Vector.Load(row), s0);
                s1 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + lanes), s1);
                s2 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 2 * lanes), s2);
                s3 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 3 * lanes), s3);
                s4 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 4 * lanes), s4);
                s5 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 5 * lanes), s5);
                s6 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 6 * lanes), s6);
                s7 = Vector.MultiplyAddEstimate(xk, Vector.Load(row + 7 * lanes), s7);
            }
            Store(s0, alpha, add, c, j);
            Store(s1, alpha, add, c, j + lanes);
            Store(s2, alpha, add, c, j + 2 * lanes);
            Store(s3, alpha, add, c, j + 3 * lanes);
            Store(s4, alpha, add, c, j + 4 * lanes);
            Store(s5, alpha, add, c, j + 5 * lanes);
            Store(s6, alpha, add, c, j + 6 * lanes);
            Store(s7, alpha, add, c, j + 7 * lanes);
        }
        for (; j <= end - lanes; j += lanes)
        {
            var sum = Vector<float>.Zero;
            for (int k = 0; k < depth; k++) sum = Vector.MultiplyAddEstimate(new Vector<float>(x[k]), Vector.Load(b + k * stride + j), sum);
            Store(sum, alpha, add, c, j);
        }
        for (; j < end; j++)
        {
            // The same FMA as in the vector loops: the bits must not depend on how columns are divided among workers.
            float sum = 0;
            for (int k = 0; k < depth; k++) sum = float.MultiplyAddEstimate(x[k], b[k * stride + j], sum);
            Store(sum, alpha, add, c, j);
        }
    }

    // B is (N, K): four dot products at a time, each in two accumulators to cover the latency of the multiply-add.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void DotRows(float* x, float* b, nint stride, float* c, int begin, int end, int depth, float alpha, float* add)
    {
        int lanes = Vector<float>.Count, j = begin;
        for (; j <= end - 4; j += 4)
        {
            float* r0 = b + j * stride, r1 = r0 + stride, r2 = r1 + stride, r3 = r2 + stride;
            Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
            int k = 0;
            for (; k <= depth - 2 * lanes; k += 2 * lanes)
            {
                Vector<float> x0 = Vector.Load(x + k), x1 = Vector.Load(x + k + lanes);
                s0 = Vector.MultiplyAddEstimate(x0, Vector.Load(r0 + k), s0);
                s1 = Vector.MultiplyAddEstimate(x0, Vector.Load(r1 + k), s1);
                s2 = Vector.MultiplyAddEstimate(x0, Vector.Load(r2 + k), s2);
                s3 = Vector.MultiplyAddEstimate(x0, Vector.Load(r3 + k), s3);
                t0 = Vector.MultiplyAddEstimate(x1, Vector.Load(r0 + k + lanes), t0);
                t1 = Vector.MultiplyAddEstimate(x1, Vector.Load(r1 + k + lanes), t1);
                t2 = Vector.MultiplyAddEstimate(x1, Vector.Load(r2 + k + lanes), t2);
                t3 = Vector.MultiplyAddEstimate(x1, Vector.Load(r3 + k + lanes), t3);
            }
            Store(Finish(s0 + t0, x, r0, k, depth), alpha, add, c, j);
            Store(Finish(s1 + t1, x, r1, k, depth), alpha, add, c, j + 1);
            Store(Finish(s2 + t2, x, r2, k, depth), alpha, add, c, j + 2);
            Store(Finish(s3 + t3, x, r3, k, depth), alpha, add, c, j + 3);
        }
        for (; j < end; j++)
        {
            var row = b + j * stride;
            Vector<float> s = default, t = default;
            int k = 0;
            for (; k <= depth - 2 * lanes; k += 2 * lanes)
            {
                s = Vector.MultiplyAddEstimate(Vector.Load(x + k), Vector.Load(row + k), s);
                t = Vector.MultiplyAddEstimate(Vector.Load(x + k + lanes), Vector.Load(row + k + lanes), t);
            }
            Store(Finish(s + t, x, row, k, depth), alpha, add, c, j);
        }
    }

    static float Finish(Vector<float> sums, float* x, float* row, int k, int depth)
    {
        var sum = Vector.Sum(sums);
        for (; k < depth; k++) sum = float.MultiplyAddEstimate(x[k], row[k], sum);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector<float> sum, float alpha, float* add, float* c, int j)
    {
        sum *= alpha;
        if (add != null) sum += Vector.Load(add + j);
        sum.Store(c + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(float sum, float alpha, float* add, float* c, int j) => c[j] = add == null ? sum * alpha : sum * alpha + add[j];
}
