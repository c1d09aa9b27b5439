using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// y = (x - mean) · rstd · scale + bias with the mean and variance of a group of channels over all places of an image. Wu and He 2018,
/// arXiv:1803.08494. A block takes a group of an image.
/// </summary>
readonly struct GroupNormKernel<TPack>(FloatPointer x, FloatPointer scale, FloatPointer bias, FloatPointer y, FloatPointer mean, FloatPointer rstd,
    int items, int places, int channels, int groups, float epsilon) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(items), thread = Group.IdxX, threads = Group.DimX;
        int width = channels / groups, vectorEnd = width / TPack.Width * TPack.Width;
        for (int item = BlockRange.First(items); item < last; item++)
        {
            int first = item % groups * width, start = item / groups * places * channels + first;
            var sums = TPack.Splat(0);
            float tail = 0;
            for (int place = thread; place < places; place += threads)
            {
                int row = start + place * channels;
                for (int c = 0; c < vectorEnd; c += TPack.Width) sums += TPack.Load(x, row + c);
                for (int c = vectorEnd; c < width; c++) tail += x[row + c];
            }
            float count = (float)places * width, mu = BlockReduce.Sum(TPack.Sum(sums) + tail, thread, threads) / count;

            // Two passes: E[x²] - E[x]² would cancel.
            var squares = TPack.Splat(0);
            tail = 0;
            for (int place = thread; place < places; place += threads)
            {
                int row = start + place * channels;
                for (int c = 0; c < vectorEnd; c += TPack.Width)
                {
                    var d = TPack.Load(x, row + c) - TPack.Splat(mu);
                    squares += d * d;
                }
                for (int c = vectorEnd; c < width; c++) tail += (x[row + c] - mu) * (x[row + c] - mu);
            }
            float r = 1 / XMath.Sqrt(BlockReduce.Sum(TPack.Sum(squares) + tail, thread, threads) / count + epsilon);

            for (int place = thread; place < places; place += threads)
            {
                int row = start + place * channels;
                for (int c = 0; c < vectorEnd; c += TPack.Width)
                    TPack.Store(y, row + c, (TPack.Load(x, row + c) - TPack.Splat(mu)) * TPack.Splat(r) * TPack.Load(scale, first + c)
                        + TPack.Load(bias, first + c));
                for (int c = vectorEnd; c < width; c++) y[row + c] = (x[row + c] - mu) * r * scale[first + c] + bias[first + c];
            }
            if (thread == 0)
            {
                mean[item] = mu;
                rstd[item] = r;
            }
        }
    }
}

/// <summary>dx = rstd · (g - mean(g) - x̂ · mean(g·x̂)), g = dy·scale, means over the group and all places.</summary>
readonly struct GroupNormGrad<TPack>(FloatPointer dy, FloatPointer x, FloatPointer scale, FloatPointer mean, FloatPointer rstd, FloatPointer dx,
    int items, int places, int channels, int groups) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(items), thread = Group.IdxX, threads = Group.DimX;
        int width = channels / groups, vectorEnd = width / TPack.Width * TPack.Width;
        for (int item = BlockRange.First(items); item < last; item++)
        {
            int first = item % groups * width, start = item / groups * places * channels + first;
            float mu = mean[item], r = rstd[item];
            TPack sums = TPack.Splat(0), dots = TPack.Splat(0);
            float tailSum = 0, tailDot = 0;
            for (int place = thread; place < places; place += threads)
            {
                int row = start + place * channels;
                for (int c = 0; c < vectorEnd; c += TPack.Width)
                {
                    var g = TPack.Load(dy, row + c) * TPack.Load(scale, first + c);
                    sums += g;
                    dots += g * (TPack.Load(x, row + c) - TPack.Splat(mu)) * TPack.Splat(r);
                }
                for (int c = vectorEnd; c < width; c++)
                {
                    float g = dy[row + c] * scale[first + c];
                    tailSum += g;
                    tailDot += g * (x[row + c] - mu) * r;
                }
            }
            float count = (float)places * width;
            float mean1 = BlockReduce.Sum(TPack.Sum(sums) + tailSum, thread, threads) / count;
            float mean2 = BlockReduce.Sum(TPack.Sum(dots) + tailDot, thread, threads) / count;
            for (int place = thread; place < places; place += threads)
            {
                int row = start + place * channels;
                for (int c = 0; c < vectorEnd; c += TPack.Width) At<TPack>(row + c, first + c, mu, r, mean1, mean2);
                for (int c = vectorEnd; c < width; c++) At<Pack1>(row + c, first + c, mu, r, mean1, mean2);
            }
        }
    }

    void At<P>(int i, int c, float mu, float r, float mean1, float mean2) where P : struct, IPack<P>
    {
        var normal = (P.Load(x, i) - P.Splat(mu)) * P.Splat(r);
        P.Store(dx, i, (P.Load(dy, i) * P.Load(scale, c) - P.Splat(mean1) - normal * P.Splat(mean2)) * P.Splat(r));
    }
}

/// <summary>Partial sums of dScale and dBias over row blocks of fixed size, [dScale | dBias] for each block.</summary>
readonly struct GroupNormSums<TPack>(FloatPointer dy, FloatPointer x, FloatPointer mean, FloatPointer rstd, FloatPointer partial, int rows,
    int places, int channels, int groups) : IKernel where TPack : struct, IPack<TPack>
{
    public const int BlockRows = 64;

    public void Execute()
    {
        int blocks = (rows + BlockRows - 1) / BlockRows, last = BlockRange.Last(blocks), thread = Group.IdxX, threads = Group.DimX;
        for (int block = BlockRange.First(blocks); block < last; block++)
            // A pack must lie in one group.
            if (channels / groups % TPack.Width == 0)
                for (int c = thread * TPack.Width; c < channels; c += threads * TPack.Width) At<TPack>(block, c);
            else
                for (int c = thread; c < channels; c += threads) At<Pack1>(block, c);
    }

    void At<P>(int block, int c) where P : struct, IPack<P>
    {
        int end = block * BlockRows + BlockRows < rows ? block * BlockRows + BlockRows : rows, group = c / (channels / groups);
        P dScale = P.Splat(0), dBias = P.Splat(0);
        for (int row = block * BlockRows; row < end; row++)
        {
            int item = row / places * groups + group;
            var d = P.Load(dy, row * channels + c);
            dBias += d;
            dScale += d * (P.Load(x, row * channels + c) - P.Splat(mean[item])) * P.Splat(rstd[item]);
        }
        P.Store(partial, block * 2 * channels + c, dScale);
        P.Store(partial, (block * 2 + 1) * channels + c, dBias);
    }
}

partial class Ops<TPack>
{
    public override void GroupNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, int groups, float epsilon)
    {
        Same(x, y);
        int items = mean.Count, places = PlacesOf(x, items, groups);
        Device.ForRows(items, new GroupNormKernel<TPack>(Dense(x), Dense(scale), Dense(bias), Dense(y), Dense(mean), Dense(rstd), items, places,
            x.Cols, groups, epsilon));
    }

    public override void GroupNormBackward(Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias,
        int groups)
    {
        Same(dy, x);
        int items = mean.Count, places = PlacesOf(x, items, groups),
            blocks = (x.Rows + GroupNormSums<TPack>.BlockRows - 1) / GroupNormSums<TPack>.BlockRows;
        var partial = Device.Workspace(2L * blocks * x.Cols);
        Device.ForRows(blocks, new GroupNormSums<TPack>(Dense(dy), Dense(x), Dense(mean), Dense(rstd), partial, x.Rows, places, x.Cols, groups));
        AddPartials(partial, dScale, dBias, blocks);
        Device.ForRows(items, new GroupNormGrad<TPack>(Dense(dy), Dense(x), Dense(scale), Dense(mean), Dense(rstd), Dense(dx), items, places, x.Cols,
            groups));
    }

    static int PlacesOf(Tensor x, int items, int groups) => items % groups == 0 && items > 0 && x.Cols % groups == 0 && x.Rows % (items / groups) == 0
        ? x.Rows / (items / groups)
        : throw new ArgumentException($"{x.Rows} x {x.Cols} values do not split into {groups} groups of channels with {items} means");
}
