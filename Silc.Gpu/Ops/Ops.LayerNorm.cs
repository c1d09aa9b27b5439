using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>y = (x - mean)·rstd·scale + bias, one row at a time. Ba et al. 2016, arXiv:1607.06450.</summary>
readonly struct LayerNormKernel<TPack>(
    FloatPointer x, FloatPointer scale, FloatPointer bias, FloatPointer y, FloatPointer mean, FloatPointer rstd,
    int rows, int width, float epsilon) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, step = threads * TPack.Width;
        int vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            var sums = TPack.Splat(0);
            float tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += step) sums += TPack.Load(x, start + c);
            for (int c = vectorEnd + thread; c < width; c += threads) tail += x[start + c];
            float mu = BlockReduce.Sum(TPack.Sum(sums) + tail, thread, threads) / width;

            // Two passes over the row, which is in cache: E[x²] - E[x]² would cancel.
            var squares = TPack.Splat(0);
            var center = TPack.Splat(mu);
            tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += step)
            {
                var d = TPack.Load(x, start + c) - center;
                squares += d * d;
            }
            for (int c = vectorEnd + thread; c < width; c += threads) tail += (x[start + c] - mu) * (x[start + c] - mu);
            float r = 1 / XMath.Sqrt(BlockReduce.Sum(TPack.Sum(squares) + tail, thread, threads) / width + epsilon);

            var factor = TPack.Splat(r);
            for (int c = thread * TPack.Width; c < vectorEnd; c += step)
                TPack.Store(y, start + c, (TPack.Load(x, start + c) - center) * factor * TPack.Load(scale, c) + TPack.Load(bias, c));
            for (int c = vectorEnd + thread; c < width; c += threads) y[start + c] = (x[start + c] - mu) * r * scale[c] + bias[c];
            if (thread == 0)
            {
                mean[row] = mu;
                rstd[row] = r;
            }
        }
    }
}

/// <summary>
/// dx = rstd · (g - mean(g) - x̂ · mean(g·x̂)), g = dy·scale, and partial sums of dScale and dBias over row blocks of fixed size, so that
/// the order of additions does not depend on the number of threads.
/// </summary>
readonly struct LayerNormGradKernel<TPack>(
    FloatPointer dy, FloatPointer x, FloatPointer scale, FloatPointer mean, FloatPointer rstd,
    FloatPointer dx, FloatPointer partial, int rows, int width, int accumulate) : IKernel where TPack : struct, IPack<TPack>
{
    public const int BlockRows = 64;

    public void Execute()
    {
        int blocks = (rows + BlockRows - 1) / BlockRows, lastBlock = BlockRange.Last(blocks), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = width / TPack.Width * TPack.Width, step = threads * TPack.Width;
        for (int block = BlockRange.First(blocks); block < lastBlock; block++)
        {
            int sumScale = block * 2 * width, sumBias = sumScale + width;
            for (int c = thread * TPack.Width; c < vectorEnd; c += step) Clear<TPack>(sumScale + c, sumBias + c);
            for (int c = vectorEnd + thread; c < width; c += threads) Clear<Pack1>(sumScale + c, sumBias + c);

            int end = block * BlockRows + BlockRows < rows ? block * BlockRows + BlockRows : rows;
            for (int row = block * BlockRows; row < end; row++)
            {
                int start = row * width;
                float mu = mean[row], r = rstd[row];
                TPack g1 = TPack.Splat(0), g2 = TPack.Splat(0);
                float tail1 = 0, tail2 = 0;
                for (int c = thread * TPack.Width; c < vectorEnd; c += step)
                {
                    var g = TPack.Load(dy, start + c) * TPack.Load(scale, c);
                    g1 += g;
                    g2 += g * (TPack.Load(x, start + c) - TPack.Splat(mu)) * TPack.Splat(r);
                }
                for (int c = vectorEnd + thread; c < width; c += threads)
                {
                    float g = dy[start + c] * scale[c];
                    tail1 += g;
                    tail2 += g * (x[start + c] - mu) * r;
                }
                float mean1 = BlockReduce.Sum(TPack.Sum(g1) + tail1, thread, threads) / width;
                float mean2 = BlockReduce.Sum(TPack.Sum(g2) + tail2, thread, threads) / width;
                for (int c = thread * TPack.Width; c < vectorEnd; c += step) At<TPack>(c, start + c, sumScale + c, sumBias + c, mu, r, mean1, mean2);
                for (int c = vectorEnd + thread; c < width; c += threads) At<Pack1>(c, start + c, sumScale + c, sumBias + c, mu, r, mean1, mean2);
            }
        }
    }

    void Clear<P>(int i, int j) where P : struct, IPack<P>
    {
        P.Store(partial, i, P.Splat(0));
        P.Store(partial, j, P.Splat(0));
    }

    void At<P>(int c, int i, int sumScale, int sumBias, float mu, float r, float mean1, float mean2) where P : struct, IPack<P>
    {
        var d = P.Load(dy, i);
        var normal = (P.Load(x, i) - P.Splat(mu)) * P.Splat(r);
        var grad = (d * P.Load(scale, c) - P.Splat(mean1) - normal * P.Splat(mean2)) * P.Splat(r);
        P.Store(dx, i, accumulate != 0 ? P.Load(dx, i) + grad : grad);
        P.Store(partial, sumScale, P.Load(partial, sumScale) + d * normal);
        P.Store(partial, sumBias, P.Load(partial, sumBias) + d);
    }
}

partial class Ops<TPack>
{
    public override void LayerNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon)
    {
        Same(x, y);
        Device.ForRows(x.Rows, new LayerNormKernel<TPack>(
            Dense(x), scale.View, bias.View, Dense(y), mean.View, rstd.View, x.Rows, x.Cols, epsilon));
    }

    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded)
    {
        Same(dy, x);
        int blocks = (x.Rows + LayerNormGradKernel<TPack>.BlockRows - 1) / LayerNormGradKernel<TPack>.BlockRows;
        var partial = Device.Workspace((long)blocks * 2 * x.Cols);
        Device.ForRows(blocks, new LayerNormGradKernel<TPack>(
            Dense(dy), Dense(x), scale.View, mean.View, rstd.View, Dense(dx), partial, x.Rows, x.Cols, accumulate ? 1 : 0));
        AddPartials(partial, dScale, dBias, blocks);
        if (rounded.Count > 0) Copy(dx, rounded);
    }

    /// <summary>dScale and dBias += the sums of the blocks: block, [dScale | dBias], column.</summary>
    protected void AddPartials(ArrayView<float> partial, Tensor dScale, Tensor dBias, int blocks)
    {
        int cols = dScale.Count;
        Device.ForElements(cols, new AddColumns<TPack>(partial, dScale.View, blocks, cols, 2 * cols, 0));
        Device.ForElements(cols, new AddColumns<TPack>(partial, dBias.View, blocks, cols, 2 * cols, cols));
    }
}
