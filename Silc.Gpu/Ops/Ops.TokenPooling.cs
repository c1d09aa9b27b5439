using ILGPU;

namespace Silc;

/// <summary>Where a caption ends.</summary>
static class EndOfCaption
{
    /// <summary>
    /// The first place from <paramref name="start"/> on that holds <paramref name="end"/>,
    /// 0 if none does; with a negative end the first place of the largest token.
    /// </summary>
    public static int At(ArrayView<int> tokens, int start, int length, int end)
    {
        int place = 0;
        for (int i = length - 1; i >= 0; i--)
        {
            bool better = tokens[start + i] >= tokens[start + place];
            if (end >= 0) better = tokens[start + i] == end;
            if (better) place = i;
        }
        return place;
    }
}

/// <summary>y[b] = x[b·T + t], t where caption b ends.</summary>
readonly struct GatherEnds(ArrayView<int> tokens, FloatPointer x, FloatPointer y, int rows, int length, int cols, int end) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int from = (row * length + EndOfCaption.At(tokens, row * length, length, end)) * cols, to = row * cols;
            for (int c = thread; c < cols; c += threads) y[to + c] = x[from + c];
        }
    }
}

/// <summary>dx[b·T + t] = dy[b] where caption b ends, and 0 elsewhere.</summary>
readonly struct ScatterEnds(ArrayView<int> tokens, FloatPointer dy, FloatPointer dx, int rows, int length, int cols, int end) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int place = EndOfCaption.At(tokens, row * length, length, end), from = row * cols;
            for (int t = 0; t < length; t++)
            {
                int to = (row * length + t) * cols;
                for (int c = thread; c < cols; c += threads) dx[to + c] = t == place ? dy[from + c] : 0;
            }
        }
    }
}

/// <summary>y[b] = the mean of x[b·T + t] over t, or the largest of each channel.</summary>
readonly struct PoolTokensKernel(FloatPointer x, FloatPointer y, int rows, int length, int cols, int largest) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
            for (int c = thread; c < cols; c += threads)
            {
                float pooled = x[row * length * cols + c];
                for (int t = 1; t < length; t++)
                {
                    float value = x[(row * length + t) * cols + c];
                    if (largest == 0) pooled += value;
                    else if (value > pooled) pooled = value;
                }
                y[row * cols + c] = largest == 0 ? pooled / length : pooled;
            }
    }
}

/// <summary>dx from dy: dy / T for each token, or all of dy for the first of the largest.</summary>
readonly struct PoolTokensGrad(FloatPointer x, FloatPointer dy, FloatPointer dx, int rows, int length, int cols, int largest) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
            for (int c = thread; c < cols; c += threads)
            {
                int start = row * length * cols + c, place = 0;
                for (int t = 1; t < length; t++)
                    if (x[start + t * cols] > x[start + place * cols]) place = t;
                float gradient = dy[row * cols + c], mean = gradient / length;
                for (int t = 0; t < length; t++) dx[start + t * cols] = largest == 0 ? mean : t == place ? gradient : 0;
            }
    }
}

partial class Ops<TPack>
{
    public override void PoolTokens(Tensor x, Tensor y, bool largest) =>
        Device.ForRows(y.Rows, new PoolTokensKernel(Dense(x), Dense(y), y.Rows, x.Rows / y.Rows, y.Cols, largest ? 1 : 0));

    public override void PoolTokensBackward(Tensor x, Tensor dy, Tensor dx, bool largest) =>
        Device.ForRows(dy.Rows, new PoolTokensGrad(Dense(x), Dense(dy), Dense(dx), dy.Rows, dx.Rows / dy.Rows, dy.Cols, largest ? 1 : 0));

    public override void SelectTokens(ArrayView<int> tokens, int end, Tensor x, Tensor y) =>
        Device.ForRows(y.Rows, new GatherEnds(tokens, Dense(x), Dense(y), y.Rows, x.Rows / y.Rows, y.Cols, end));

    public override void SelectTokensBackward(ArrayView<int> tokens, int end, Tensor dy, Tensor dx) =>
        Device.ForRows(dy.Rows, new ScatterEnds(tokens, Dense(dy), Dense(dx), dy.Rows, dx.Rows / dy.Rows, dy.Cols, end));
}
