using ILGPU;

namespace Silc;

/// <summary>y = x with conversion of the dtype, four elements a thread.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct ConvertKernel<TFrom, TTo>(MatrixPointer x, MatrixPointer y, int rows, int cols) : IKernel
    where TFrom : struct, IQuadAccess where TTo : struct, IQuadAccess
{
    public void Execute()
    {
        int vectors = cols / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / vectors, column = thread % vectors * 4;
        if (row < rows) TTo.Store(y.At(row, column), TFrom.Load(x.At(row, column)));
    }
}

partial class CudaOps
{
    public override void Copy(Tensor x, Tensor y)
    {
        if (!IsBf16(x) && !IsBf16(y))
        {
            base.Copy(x, y);
            return;
        }
        if (x.Rows != y.Rows || x.Cols != y.Cols || x.Cols % 4 != 0)
            throw new ArgumentException($"cannot copy {x.Rows} x {x.Cols} of {x.DType} to {y.Rows} x {y.Cols} of {y.DType}");
        if (!IsBf16(x)) Convert<UnalignedQuads, Bf16Quads>(x, y);
        else if (!IsBf16(y)) Convert<Bf16Quads, UnalignedQuads>(x, y);
        else Convert<Bf16Quads, Bf16Quads>(x, y);
        Weights?.Written(y);
    }

    void Convert<TFrom, TTo>(Tensor x, Tensor y) where TFrom : struct, IQuadAccess where TTo : struct, IQuadAccess =>
        Device.Launch(DivUp(x.Count / 4, 256), 256, new ConvertKernel<TFrom, TTo>(At(x), At(y), x.Rows, x.Cols));
}
