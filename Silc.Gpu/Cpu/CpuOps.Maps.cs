namespace Silc;

unsafe partial class CpuOps
{
    public override void Bilinear(Tensor x, Tensor y, int height, int width, int toHeight, int toWidth, bool corners)
    {
        CheckBilinear(x, y, height, width, toHeight, toWidth);
        Device.ForItems(x.Rows / (height * width),
            new CpuBilinear(DenseAddress(x), DenseAddress(y), height, width, toHeight, toWidth, x.Cols, corners, adjoint: false));
    }

    public override void BilinearBackward(Tensor dy, Tensor dx, int height, int width, int toHeight, int toWidth, bool corners)
    {
        CheckBilinear(dx, dy, height, width, toHeight, toWidth);
        Device.ForItems(dx.Rows / (height * width),
            new CpuBilinear(DenseAddress(dx), DenseAddress(dy), height, width, toHeight, toWidth, dx.Cols, corners, adjoint: true));
    }

    public override void ReluBackward(Tensor y, Tensor dy)
    {
        Same(y, dy);
        Device.ForItems((y.Count + CpuReluGrad.Block - 1) / CpuReluGrad.Block, new CpuReluGrad(DenseAddress(y), DenseAddress(dy), y.Count));
    }
}
