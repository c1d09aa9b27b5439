using ILGPU;

namespace Silc;

/// <summary>
/// Along one axis: which places of <c>from</c> make up place <c>at</c> of <c>to</c>, low and low + 1 with the shares 1 - part and part. With
/// corners the first and last places of both coincide; without, the edges of their pixels do.
/// </summary>
readonly struct BilinearTap
{
    public readonly int Low, High;
    public readonly float Part;

    public BilinearTap(int at, int from, int to, int corners)
    {
        float position = corners != 0 ? to > 1 ? at * (from - 1f) / (to - 1f) : 0 : (at + 0.5f) * from / to - 0.5f;
        position = position < 0 ? 0 : position;
        int low = (int)position;
        Low = low < from - 1 ? low : from - 1;
        High = Low + 1 < from ? Low + 1 : Low;
        Part = position - Low;
    }

    /// <summary>Share of a place.</summary>
    public float Of(int place) => (place == Low ? 1 - Part : 0) + (place == High ? Part : 0);
}

/// <summary>Maps (B, h, w, C) at another size (B, H, W, C); a thread takes a place.</summary>
readonly struct BilinearKernel<TPack>(FloatPointer x, FloatPointer y, int rows, int height, int width, int toHeight, int toWidth, int channels,
    int corners) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = channels / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows) + thread; row < last; row += threads)
        {
            int places = toHeight * toWidth, start = row / places * height * width, place = row % places;
            BilinearTap down = new(place / toWidth, height, toHeight, corners), across = new(place % toWidth, width, toWidth, corners);
            int a = (start + down.Low * width + across.Low) * channels, b = (start + down.Low * width + across.High) * channels;
            int c = (start + down.High * width + across.Low) * channels, d = (start + down.High * width + across.High) * channels;
            float wa = (1 - down.Part) * (1 - across.Part), wb = (1 - down.Part) * across.Part, wc = down.Part * (1 - across.Part),
                wd = down.Part * across.Part;
            for (int i = 0; i < vectorEnd; i += TPack.Width)
                TPack.Store(y, row * channels + i, TPack.Load(x, a + i) * TPack.Splat(wa) + TPack.Load(x, b + i) * TPack.Splat(wb)
                    + TPack.Load(x, c + i) * TPack.Splat(wc) + TPack.Load(x, d + i) * TPack.Splat(wd));
            for (int i = vectorEnd; i < channels; i++)
                y[row * channels + i] = x[a + i] * wa + x[b + i] * wb + x[c + i] * wc + x[d + i] * wd;
        }
    }
}

/// <summary>The adjoint: a place of x adds up all places of y that have read it, row by row.</summary>
readonly struct BilinearGrad<TPack>(FloatPointer dy, FloatPointer dx, int rows, int height, int width, int toHeight, int toWidth, int channels,
    int corners) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = channels / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows) + thread; row < last; row += threads)
        {
            for (int c = 0; c < vectorEnd; c += TPack.Width) At<TPack>(row, c);
            for (int c = vectorEnd; c < channels; c++) At<Pack1>(row, c);
        }
    }

    void At<P>(int row, int c) where P : struct, IPack<P>
    {
        int places = height * width, start = row / places * toHeight * toWidth, place = row % places, i = place / width, j = place % width;
        int top = First(i, height, toHeight), bottom = End(i, height, toHeight), left = First(j, width, toWidth), right = End(j, width, toWidth);
        var sum = P.Splat(0);
        for (int v = top; v < bottom; v++)
        {
            float share = new BilinearTap(v, height, toHeight, corners).Of(i);
            if (share == 0) continue;
            for (int u = left; u < right; u++)
                sum += P.Load(dy, (start + v * toWidth + u) * channels + c)
                    * P.Splat(share * new BilinearTap(u, width, toWidth, corners).Of(j));
        }
        P.Store(dx, row * channels + c, sum);
    }

    // Places that may read place i: those whose position is less than one from it, and one more on either side for rounding. The first and last
    // are read by all beyond them.
    int First(int i, int from, int to)
    {
        if (i == 0) return 0;
        int first = (int)(corners != 0 ? (i - 1f) * (to - 1f) / (from - 1f) : (i - 0.5f) * to / from - 0.5f) - 1;
        return first < 0 ? 0 : first;
    }

    int End(int i, int from, int to)
    {
        if (i == from - 1) return to;
        int end = (int)(corners != 0 ? (i + 1f) * (to - 1f) / (from - 1f) : (i + 1.5f) * to / from - 0.5f) + 2;
        return end < to ? end : to;
    }
}

partial class Ops<TPack>
{
    public override void Bilinear(Tensor x, Tensor y, int height, int width, int toHeight, int toWidth, bool corners)
    {
        CheckBilinear(x, y, height, width, toHeight, toWidth);
        Device.ForElements(y.Rows, new BilinearKernel<TPack>(Dense(x), Dense(y), y.Rows, height, width, toHeight, toWidth, x.Cols, corners ? 1 : 0));
    }

    public override void BilinearBackward(Tensor dy, Tensor dx, int height, int width, int toHeight, int toWidth, bool corners)
    {
        CheckBilinear(dx, dy, height, width, toHeight, toWidth);
        Device.ForElements(dx.Rows, new BilinearGrad<TPack>(Dense(dy), Dense(dx), dx.Rows, height, width, toHeight, toWidth, dx.Cols,
            corners ? 1 : 0));
    }

    private protected static void CheckBilinear(Tensor x, Tensor y, int height, int width, int toHeight, int toWidth)
    {
        if (x.Cols != y.Cols || x.Rows % (height * width) != 0 || (long)x.Rows / (height * width) * toHeight * toWidth != y.Rows)
            throw new ArgumentException($"{x.Rows} x {x.Cols} values of maps of {height} x {width} do not become {y.Rows} x {y.Cols} of "
                + $"{toHeight} x {toWidth}");
    }
}
