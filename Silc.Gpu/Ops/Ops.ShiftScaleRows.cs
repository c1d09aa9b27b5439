using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>y = (x + shift) · (elu(scale) + 1), with a shift and a scale for each row.</summary>
readonly struct ShiftScaleRowsKernel(FloatPointer x, FloatPointer shift, FloatPointer scale, FloatPointer y, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            float s = shift[row], factor = Factor(scale[row]);
            for (int i = row * cols + thread; i < (row + 1) * cols; i += threads) y[i] = (x[i] + s) * factor;
        }
    }

    /// <summary>elu(k) + 1: positive whatever k is.</summary>
    public static float Factor(float k) => k > 0 ? k + 1 : XMath.Exp(k);
}

/// <summary>dy ← dy · factor, and for each row the gradients of its shift and its scale.</summary>
readonly struct ShiftScaleRowsGrad(FloatPointer dy, FloatPointer x, FloatPointer shift, FloatPointer scale, FloatPointer dShift,
    FloatPointer dScale, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            float s = shift[row], k = scale[row], factor = ShiftScaleRowsKernel.Factor(k), slope = k > 0 ? 1f : factor;
            float plain = 0, shifted = 0;
            for (int i = row * cols + thread; i < (row + 1) * cols; i += threads)
            {
                float d = dy[i];
                plain += d;
                shifted += d * (x[i] + s);
                dy[i] = d * factor;
            }
            plain = BlockReduce.Sum(plain, thread, threads);
            shifted = BlockReduce.Sum(shifted, thread, threads);
            if (thread == 0)
            {
                dShift[row] = plain * factor;
                dScale[row] = shifted * slope;
            }
        }
    }
}

partial class Ops<TPack>
{
    public override void ShiftScaleRows(Tensor x, Tensor shift, Tensor scale, Tensor y)
    {
        Same(x, y);
        OneARow(x, shift, scale);
        Device.ForRows(x.Rows, new ShiftScaleRowsKernel(Dense(x), Dense(shift), Dense(scale), Dense(y), x.Rows, x.Cols));
    }

    public override void ShiftScaleRowsBackward(Tensor dy, Tensor x, Tensor shift, Tensor scale, Tensor dShift, Tensor dScale)
    {
        Same(dy, x);
        OneARow(x, shift, scale);
        OneARow(x, dShift, dScale);
        Device.ForRows(x.Rows, new ShiftScaleRowsGrad(Dense(dy), Dense(x), Dense(shift), Dense(scale), Dense(dShift), Dense(dScale), x.Rows, x.Cols));
    }

    static void OneARow(Tensor x, Tensor a, Tensor b)
    {
        if ((a.Rows, a.Cols, b.Rows, b.Cols) != (x.Rows, 1, x.Rows, 1))
            throw new ArgumentException($"{x.Rows} rows want one value each, not {a.Rows} x {a.Cols} and {b.Rows} x {b.Cols}");
    }
}
