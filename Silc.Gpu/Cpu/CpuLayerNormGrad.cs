using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// dx = rstd · (g - mean(g) - x̂ · mean(g·x̂)) with g = dy · scale and x̂ = (x - mean) · rstd, written or added, and the sums of dy · x̂
/// and of dy over a block of rows, which is an item: block, [dScale | dBias], column. Blocks have a fixed size, so that the order of
/// additions does not depend on the number of threads.
/// </summary>
unsafe readonly struct CpuLayerNormGrad(float* dy, float* x, float* scale, float* mean, float* rstd, float* dx, float* partial,
    int rows, int width, bool accumulate) : ICpuWork
{
    public const int BlockRows = 64;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(int block)
    {
        int first = block * BlockRows, last = Math.Min(rows, first + BlockRows), lanes = Vector<float>.Count, i;
        float* dScale = partial + (nint)block * 2 * width, dBias = dScale + width;
        new Span<float>(dScale, 2 * width).Clear();
        for (int row = first; row < last; row++)
        {
            float* from = x + (nint)row * width, d = dy + (nint)row * width, to = dx + (nint)row * width;
            float mu = mean[row], r = rstd[row], tail = 0, tailNormal = 0;
            Vector<float> center = new(mu), factor = new(r), sum = default, sumNormal = default;
            for (i = 0; i <= width - lanes; i += lanes)
            {
                var g = Vector.Load(d + i) * Vector.Load(scale + i);
                sum += g;
                sumNormal = Vector.MultiplyAddEstimate(g, Vector.Load(from + i) - center, sumNormal);
            }
            for (; i < width; i++)
            {
                tail += d[i] * scale[i];
                tailNormal += d[i] * scale[i] * (from[i] - mu);
            }
            var meanG = (Vector.Sum(sum) + tail) / width;
            var meanNormal = r * (Vector.Sum(sumNormal) + tailNormal) / width;
            Vector<float> shift = new(meanG), slope = new(meanNormal);
            for (i = 0; i <= width - lanes; i += lanes)
            {
                var each = Vector.Load(d + i);
                var normal = (Vector.Load(from + i) - center) * factor;
                var grad = (each * Vector.Load(scale + i) - shift - normal * slope) * factor;
                (accumulate ? Vector.Load(to + i) + grad : grad).Store(to + i);
                Vector.MultiplyAddEstimate(each, normal, Vector.Load(dScale + i)).Store(dScale + i);
                (Vector.Load(dBias + i) + each).Store(dBias + i);
            }
            for (; i < width; i++)
            {
                var normal = (from[i] - mu) * r;
                var grad = (d[i] * scale[i] - meanG - normal * meanNormal) * r;
                to[i] = accumulate ? to[i] + grad : grad;
                dScale[i] += d[i] * normal;
                dBias[i] += d[i];
            }
        }
    }
}
