using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>y = x / (|x| + ε), one row at a time.</summary>
readonly struct L2NormalizeForward<TPack>(FloatPointer x, FloatPointer y, FloatPointer norms, int rows, int width, float epsilon) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            var squares = TPack.Splat(0);
            float tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                squares += TPack.Load(x, start + c) * TPack.Load(x, start + c);
            for (int c = vectorEnd + thread; c < width; c += threads) tail += x[start + c] * x[start + c];
            float norm = XMath.Sqrt(BlockReduce.Sum(TPack.Sum(squares) + tail, thread, threads)), factor = 1 / (norm + epsilon);
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                TPack.Store(y, start + c, TPack.Load(x, start + c) * TPack.Splat(factor));
            for (int c = vectorEnd + thread; c < width; c += threads) y[start + c] = x[start + c] * factor;
            if (thread == 0) norms[row] = norm;
        }
    }
}

/// <summary>dx = (dy - y·(y·dy)·(|x| + ε)/|x|) / (|x| + ε); 0 where x is 0.</summary>
readonly struct L2NormalizeGrad<TPack>(
    FloatPointer dy, FloatPointer y, FloatPointer norms, FloatPointer dx, int rows, int width, float epsilon) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            var dots = TPack.Splat(0);
            float tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                dots += TPack.Load(dy, start + c) * TPack.Load(y, start + c);
            for (int c = vectorEnd + thread; c < width; c += threads) tail += dy[start + c] * y[start + c];
            float dot = BlockReduce.Sum(TPack.Sum(dots) + tail, thread, threads), norm = norms[row];
            float factor = norm > 0 ? 1 / (norm + epsilon) : 0, projection = norm > 0 ? dot / norm : 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                TPack.Store(dx, start + c, TPack.Load(dy, start + c) * TPack.Splat(factor) - TPack.Load(y, start + c) * TPack.Splat(projection));
            for (int c = vectorEnd + thread; c < width; c += threads) dx[start + c] = dy[start + c] * factor - y[start + c] * projection;
        }
    }
}

/// <summary>
/// Each column of y is that column of v over its norm (weight normalization with gain 1, Salimans and Kingma 2016, arXiv:1602.07868); a
/// thread takes whole columns.
/// </summary>
readonly struct NormalizeColumnsForward<TPack>(FloatPointer v, FloatPointer y, FloatPointer norms, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int c = first + thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c);
        for (int c = vectorEnd + thread; c < last; c += threads) At<Pack1>(c);
    }

    void At<P>(int c) where P : struct, IPack<P>
    {
        var squares = P.Splat(0);
        for (int row = 0; row < rows; row++) squares += P.Load(v, row * cols + c) * P.Load(v, row * cols + c);
        var norm = P.Max(P.Sqrt(squares), P.Splat(1e-12f));
        P.Store(norms, c, norm);
        var factor = P.Splat(1) / norm;
        for (int row = 0; row < rows; row++) P.Store(y, row * cols + c, P.Load(v, row * cols + c) * factor);
    }
}

/// <summary>dv += (dy - y·(y·dy)) / |v| for each column.</summary>
readonly struct NormalizeColumnsGrad<TPack>(
    FloatPointer dy, FloatPointer y, FloatPointer norms, FloatPointer dv, int rows, int cols) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int c = first + thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c);
        for (int c = vectorEnd + thread; c < last; c += threads) At<Pack1>(c);
    }

    void At<P>(int c) where P : struct, IPack<P>
    {
        var dot = P.Splat(0);
        for (int row = 0; row < rows; row++) dot += P.Load(dy, row * cols + c) * P.Load(y, row * cols + c);
        var factor = P.Splat(1) / P.Load(norms, c);
        for (int row = 0; row < rows; row++)
        {
            int i = row * cols + c;
            P.Store(dv, i, P.Load(dv, i) + (P.Load(dy, i) - P.Load(y, i) * dot) * factor);
        }
    }
}

/// <summary>y = x · gain, column by column; a thread owns whole columns.</summary>
readonly struct ScaleColumnsForward<TPack>(FloatPointer x, FloatPointer gain, FloatPointer y, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int whole = first + (last - first) / TPack.Width * TPack.Width;
        for (int c = first + thread * TPack.Width; c < whole; c += threads * TPack.Width) At<TPack>(c);
        for (int c = whole + thread; c < last; c += threads) At<Pack1>(c);
    }

    void At<P>(int c) where P : struct, IPack<P>
    {
        var factor = P.Load(gain, c);
        for (int row = 0; row < rows; row++) P.Store(y, row * cols + c, P.Load(x, row * cols + c) * factor);
    }
}

/// <summary>dGain += Σ over rows of dy · x, and dy ← dy · gain.</summary>
readonly struct ScaleColumnsGrad<TPack>(FloatPointer dy, FloatPointer x, FloatPointer gain, FloatPointer dGain, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(cols), last = BlockRange.LastElement(cols), thread = Group.IdxX, threads = Group.DimX;
        int whole = first + (last - first) / TPack.Width * TPack.Width;
        for (int c = first + thread * TPack.Width; c < whole; c += threads * TPack.Width) At<TPack>(c);
        for (int c = whole + thread; c < last; c += threads) At<Pack1>(c);
    }

    void At<P>(int c) where P : struct, IPack<P>
    {
        P sum = P.Splat(0), factor = P.Load(gain, c);
        for (int row = 0; row < rows; row++)
        {
            var grad = P.Load(dy, row * cols + c);
            sum += grad * P.Load(x, row * cols + c);
            P.Store(dy, row * cols + c, grad * factor);
        }
        P.Store(dGain, c, P.Load(dGain, c) + sum);
    }
}

partial class Ops<TPack>
{
    public override void ScaleColumns(Tensor x, Tensor gain, Tensor y)
    {
        Same(x, y);
        Device.ForElements(x.Cols, new ScaleColumnsForward<TPack>(Dense(x), Dense(gain), Dense(y), x.Rows, x.Cols));
    }

    public override void ScaleColumnsBackward(Tensor dy, Tensor x, Tensor gain, Tensor dGain)
    {
        Same(dy, x);
        Device.ForElements(x.Cols, new ScaleColumnsGrad<TPack>(Dense(dy), Dense(x), Dense(gain), Dense(dGain), x.Rows, x.Cols));
    }

    public override void L2Normalize(Tensor x, Tensor y, Tensor norms, float epsilon)
    {
        Same(x, y);
        Device.ForRows(x.Rows, new L2NormalizeForward<TPack>(Dense(x), Dense(y), norms.View, x.Rows, x.Cols, epsilon));
    }

    public override void L2NormalizeBackward(Tensor dy, Tensor y, Tensor norms, Tensor dx, float epsilon)
    {
        Same(dy, y);
        Device.ForRows(y.Rows, new L2NormalizeGrad<TPack>(Dense(dy), Dense(y), norms.View, Dense(dx), y.Rows, y.Cols, epsilon));
    }

    public override void NormalizeColumns(Tensor v, Tensor y, Tensor norms)
    {
        Same(v, y);
        Device.ForElements(v.Cols, new NormalizeColumnsForward<TPack>(Dense(v), Dense(y), norms.View, v.Rows, v.Cols));
    }

    public override void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv)
    {
        Same(dy, y);
        Device.ForElements(y.Cols, new NormalizeColumnsGrad<TPack>(Dense(dy), Dense(y), norms.View, Dense(dv), y.Rows, y.Cols));
    }
}
