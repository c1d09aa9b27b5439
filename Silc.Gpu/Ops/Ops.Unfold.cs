using ILGPU;

namespace Silc;

/// <summary>
/// Row (b, i, j) of y has the k x k neighbours of place (i, j) of image b one after another, C values each, and zeros for those outside: what a
/// convolution of the same size multiplies by its kernel (k · k · C, outputs).
/// </summary>
readonly struct UnfoldKernel<TPack>(FloatPointer x, FloatPointer y, int rows, int height, int width, int size, int channels) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = channels / TPack.Width * TPack.Width, radius = size / 2, places = height * width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int image = row / places, place = row % places, i = place / width - radius, j = place % width - radius;
            for (int tap = 0; tap < size * size; tap++)
            {
                int down = i + tap / size, across = j + tap % size, to = (row * size * size + tap) * channels;
                bool inside = down >= 0 && down < height && across >= 0 && across < width;
                int from = inside ? (image * places + down * width + across) * channels : 0;
                for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                    TPack.Store(y, to + c, inside ? TPack.Load(x, from + c) : TPack.Splat(0));
                for (int c = vectorEnd + thread; c < channels; c += threads) y[to + c] = inside ? x[from + c] : 0;
            }
        }
    }
}

/// <summary>The adjoint: each place adds up the taps that have read it, in the order of the taps.</summary>
readonly struct FoldKernel<TPack>(FloatPointer dy, FloatPointer dx, int rows, int height, int width, int size, int channels) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = channels / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(row, c);
            for (int c = vectorEnd + thread; c < channels; c += threads) At<Pack1>(row, c);
        }
    }

    void At<P>(int row, int c) where P : struct, IPack<P>
    {
        int radius = size / 2, places = height * width, image = row / places, place = row % places;
        int i = place / width + radius, j = place % width + radius;
        var sum = P.Splat(0);
        for (int tap = 0; tap < size * size; tap++)
        {
            int down = i - tap / size, across = j - tap % size;
            if (down < 0 || down >= height || across < 0 || across >= width) continue;
            sum += P.Load(dy, ((image * places + down * width + across) * size * size + tap) * channels + c);
        }
        P.Store(dx, row * channels + c, sum);
    }
}

partial class Ops<TPack>
{
    public override void Unfold(Tensor x, Tensor y, int height, int width, int size)
    {
        CheckUnfold(x, y, height, width, size);
        Device.ForRows(x.Rows, new UnfoldKernel<TPack>(Dense(x), Dense(y), x.Rows, height, width, size, x.Cols));
    }

    public override void Fold(Tensor dy, Tensor dx, int height, int width, int size)
    {
        CheckUnfold(dx, dy, height, width, size);
        Device.ForRows(dx.Rows, new FoldKernel<TPack>(Dense(dy), Dense(dx), dx.Rows, height, width, size, dx.Cols));
    }

    static void CheckUnfold(Tensor x, Tensor y, int height, int width, int size)
    {
        if (size % 2 == 0 || x.Rows != y.Rows || x.Rows % (height * width) != 0 || (long)x.Cols * size * size != y.Cols)
            throw new ArgumentException($"{x.Rows} x {x.Cols} values of maps of {height} x {width} do not become {y.Rows} x {y.Cols} "
                + $"neighbourhoods of {size} x {size}");
    }
}
