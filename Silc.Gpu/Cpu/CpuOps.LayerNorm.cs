using ILGPU.Runtime;

namespace Silc;

unsafe partial class CpuOps
{
    public override void LayerNormForward(Tensor x, Tensor scale, Tensor bias, Tensor y, Tensor mean, Tensor rstd, float epsilon)
    {
        Same(x, y);
        Device.ForItems((x.Rows + CpuLayerNorm.BlockRows - 1) / CpuLayerNorm.BlockRows,
            new CpuLayerNorm(DenseAddress(x), Address(scale), Address(bias), DenseAddress(y), Address(mean), Address(rstd), x.Rows, x.Cols, epsilon));
    }

    public override void LayerNormBackward(
        Tensor dy, Tensor x, Tensor scale, Tensor mean, Tensor rstd, Tensor dx, Tensor dScale, Tensor dBias, bool accumulate, Tensor rounded)
    {
        Same(dy, x);
        int blocks = (x.Rows + CpuLayerNormGrad.BlockRows - 1) / CpuLayerNormGrad.BlockRows;
        var partial = Device.Workspace((long)blocks * 2 * x.Cols);
        Device.ForItems(blocks, new CpuLayerNormGrad(DenseAddress(dy), DenseAddress(x), Address(scale), Address(mean), Address(rstd),
            DenseAddress(dx), partial.IsValid ? (float*)partial.LoadEffectiveAddressAsPtr() : null, x.Rows, x.Cols, accumulate));
        AddPartials(partial, dScale, dBias, blocks);
        if (rounded.Count > 0) Copy(dx, rounded);
    }
}
