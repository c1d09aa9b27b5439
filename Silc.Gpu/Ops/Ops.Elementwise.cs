using ILGPU;

namespace Silc;

readonly struct FillKernel<TPack>(FloatPointer x, int count, float value) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        var pack = TPack.Splat(value);
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width) TPack.Store(x, i, pack);
        for (int i = vectorEnd + thread; i < last; i += threads) x[i] = value;
    }
}

readonly struct CopyKernel<TPack>(FloatPointer x, FloatPointer y, int rows, int cols, int strideX, int strideY) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int from = row * strideX, to = row * strideY;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(y, to + c, TPack.Load(x, from + c));
            for (int c = vectorEnd + thread; c < cols; c += threads) y[to + c] = x[from + c];
        }
    }
}

/// <summary>y += x.</summary>
readonly struct AddKernel<TPack>(FloatPointer x, FloatPointer y, int count) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width) TPack.Store(y, i, TPack.Load(y, i) + TPack.Load(x, i));
        for (int i = vectorEnd + thread; i < last; i += threads) y[i] += x[i];
    }
}

/// <summary>x ← m·x + (1 - m)·target: the exponential moving average of a teacher, or of a center.</summary>
readonly struct EmaUpdateKernel<TPack>(FloatPointer x, FloatPointer target, int count, FloatPointer momentum, FloatPointer state) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        if (state[StepState.Finite] == 0) return;
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        float m = momentum[0];
        TPack keep = TPack.Splat(m), take = TPack.Splat(1 - m);
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(x, i, keep * TPack.Load(x, i) + take * TPack.Load(target, i));
        for (int i = vectorEnd + thread; i < last; i += threads) x[i] = m * x[i] + (1 - m) * target[i];
    }
}

/// <summary>x ← factor · x.</summary>
readonly struct ScaleKernel<TPack>(FloatPointer x, int count, float factor) : IKernel where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int first = BlockRange.FirstElement(count), last = BlockRange.LastElement(count), thread = Group.IdxX, threads = Group.DimX;
        int vectorEnd = first + (last - first) / TPack.Width * TPack.Width;
        for (int i = first + thread * TPack.Width; i < vectorEnd; i += threads * TPack.Width)
            TPack.Store(x, i, TPack.Load(x, i) * TPack.Splat(factor));
        for (int i = vectorEnd + thread; i < last; i += threads) x[i] *= factor;
    }
}

partial class Ops<TPack>
{
    // What may write weights says so: their copies are stale then.

    public override void Fill(Tensor x, float value)
    {
        Device.ForElements(x.Count, new FillKernel<TPack>(Dense(x), x.Count, value));
        Weights?.Written(x);
    }

    public override void Copy(Tensor x, Tensor y)
    {
        Device.ForRows(x.Rows, new CopyKernel<TPack>(Floats(x), Floats(y), x.Rows, x.Cols, x.Stride, y.Stride));
        Weights?.Written(y);
    }

    public override void Add(Tensor x, Tensor y)
    {
        Device.ForElements(x.Count, new AddKernel<TPack>(Dense(x), Dense(y), x.Count));
        Weights?.Written(y);
    }

    public override void Scale(Tensor x, float factor)
    {
        Device.ForElements(x.Count, new ScaleKernel<TPack>(Dense(x), x.Count, factor));
        Weights?.Written(x);
    }

    public override void EmaUpdate(Tensor x, Tensor target, Tensor momentum, StepState state)
    {
        Device.ForElements(x.Count, new EmaUpdateKernel<TPack>(Dense(x), Dense(target), x.Count, momentum.View, state.View));
        Weights?.Written(x);
    }
}
