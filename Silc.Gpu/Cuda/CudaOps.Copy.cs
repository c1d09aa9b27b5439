using ILGPU;

namespace Silc;

/// <summary>y = x, from one form into another, four elements a thread.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct ConvertKernel<TFrom, TTo>(MatrixAt x, MatrixAt y, int rows, int cols) : IKernel
    where TFrom : struct, IValues where TTo : struct, IValues
{
    public void Execute()
    {
        int fours = cols / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / fours, column = thread % fours * 4;
        if (row < rows) TTo.Store(y.At(row, column), TFrom.Load(x.At(row, column)));
    }
}

partial class CudaOps
{
    public override void Copy(Tensor x, Tensor y)
    {
        if (!IsHalf(x) && !IsHalf(y)) base.Copy(x, y);
        else if (x.Rows != y.Rows || x.Cols != y.Cols || x.Cols % 4 != 0)
            throw new ArgumentException($"cannot copy {x.Rows} x {x.Cols} of {x.Stored} to {y.Rows} x {y.Cols} of {y.Stored}");
        else if (!IsHalf(x)) Convert<AnyFloats, HalfValues>(x, y);
        else if (!IsHalf(y)) Convert<HalfValues, AnyFloats>(x, y);
        else Convert<HalfValues, HalfValues>(x, y);
        Weights?.Written(y);
    }

    void Convert<TFrom, TTo>(Tensor x, Tensor y) where TFrom : struct, IValues where TTo : struct, IValues =>
        Device.Launch(Pieces(x.Count / 4, 256), 256, new ConvertKernel<TFrom, TTo>(At(x), At(y), x.Rows, x.Cols));
}
