using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// y = (x - mean) · rstd · scale + bias; an item is a block of rows. Sums run in four accumulators, to hide the latency of additions: with
/// one, that took half of the time.
/// </summary>
unsafe readonly struct CpuLayerNorm(float* x, float* scale, float* bias, float* y, float* mean, float* rstd, int rows, int width,
    float epsilon) : ICpuWork
{
    public const int BlockRows = 64;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int block)
    {
        int first = block * BlockRows, last = Math.Min(rows, first + BlockRows), lanes = Vector<float>.Count;
        // The heads of queries and keys are as narrow as this, and four to sixteen times as many as the tokens.
        if (width == 2 * lanes)
        {
            for (int row = first; row < last; row++) Narrow(row);
            return;
        }
        for (int row = first; row < last; row++)
        {
            var from = x + (nint)row * width;
            var mu = Sum(from, width) / width;
            // Two passes over the row, which is in cache: E[x²] - E[x]² would cancel.
            var r = 1 / MathF.Sqrt(SumOfSquares(from, mu, width) / width + epsilon);
            Normalize(from, mu, r, y + (nint)row * width);
            (mean[row], rstd[row]) = (mu, r);
        }
    }

    // A row of two vectors, which stays in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Narrow(int row)
    {
        int lanes = Vector<float>.Count;
        float* from = x + (nint)row * width, to = y + (nint)row * width;
        Vector<float> x0 = Vector.Load(from), x1 = Vector.Load(from + lanes);
        var mu = Vector.Sum(x0 + x1) / width;
        var center = new Vector<float>(mu);
        x0 -= center;
        x1 -= center;
        var r = 1 / MathF.Sqrt(Vector.Sum(Vector.MultiplyAddEstimate(x0, x0, x1 * x1)) / width + epsilon);
        var factor = new Vector<float>(r);
        (x0 * factor * Vector.Load(scale) + Vector.Load(bias)).Store(to);
        (x1 * factor * Vector.Load(scale + lanes) + Vector.Load(bias + lanes)).Store(to + lanes);
        (mean[row], rstd[row]) = (mu, r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Sum(float* x, int count)
    {
        int lanes = Vector<float>.Count, i = 0;
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (; i <= count - 4 * lanes; i += 4 * lanes)
        {
            s0 += Vector.Load(x + i);
            s1 += Vector.Load(x + i + lanes);
            s2 += Vector.Load(x + i + 2 * lanes);
            s3 += Vector.Load(x + i + 3 * lanes);
        }
        for (; i <= count - lanes; i += lanes) s0 += Vector.Load(x + i);
        var sum = Vector.Sum((s0 + s1) + (s2 + s3));
        for (; i < count; i++) sum += x[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float SumOfSquares(float* x, float mu, int count)
    {
        int lanes = Vector<float>.Count, i = 0;
        Vector<float> s0 = default, s1 = default, s2 = default, s3 = default, center = new(mu);
        for (; i <= count - 4 * lanes; i += 4 * lanes)
        {
            Vector<float> d0 = Vector.Load(x + i) - center, d1 = Vector.Load(x + i + lanes) - center;
            Vector<float> d2 = Vector.Load(x + i + 2 * lanes) - center, d3 = Vector.Load(x + i + 3 * lanes) - center;
            s0 = Vector.MultiplyAddEstimate(d0, d0, s0);
            s1 = Vector.MultiplyAddEstimate(d1, d1, s1);
            s2 = Vector.MultiplyAddEstimate(d2, d2, s2);
            s3 = Vector.MultiplyAddEstimate(d3, d3, s3);
        }
        for (; i <= count - lanes; i += lanes)
        {
            var d = Vector.Load(x + i) - center;
            s0 = Vector.MultiplyAddEstimate(d, d, s0);
        }
        var sum = Vector.Sum((s0 + s1) + (s2 + s3));
        for (; i < count; i++) sum += (x[i] - mu) * (x[i] - mu);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Normalize(float* from, float mu, float r, float* to)
    {
        Vector<float> center = new(mu), factor = new(r);
        int i = 0;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
            ((Vector.Load(from + i) - center) * factor * Vector.Load(scale + i) + Vector.Load(bias + i)).Store(to + i);
        for (; i < width; i++) to[i] = (from[i] - mu) * r * scale[i] + bias[i];
    }
}
