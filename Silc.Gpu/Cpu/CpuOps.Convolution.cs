using ILGPU.Runtime;

namespace Silc;

unsafe partial class CpuOps
{
    // Sums over images are cut into as many at most, whatever the number of workers is.
    const int MostBlocks = 16;

    /// <summary>Nothing is unfolded.</summary>
    public override int UnfoldedRows(int images, int places, int cols) => 0;

    public override void Convolve(Tensor x, Tensor kernel, Tensor bias, Tensor y, Tensor unfolded, int height, int width, int size)
    {
        CheckConvolution(x, kernel, y, height, width, size);
        Convolve(x, kernel, bias, y, new(height, width, size, x.Cols, y.Cols), adjoint: false);
    }

    public override void ConvolveInputGrad(Tensor dy, Tensor kernel, Tensor dx, Tensor unfolded, int height, int width, int size)
    {
        CheckConvolution(dx, kernel, dy, height, width, size);
        Convolve(dy, kernel, default, dx, new(height, width, size, dy.Cols, dx.Cols), adjoint: true);
    }

    void Convolve(Tensor x, Tensor kernel, Tensor bias, Tensor y, ConvolutionShape shape, bool adjoint)
    {
        var wide = Device.Workspace(shape.WeightFloats);
        var weights = wide.IsValid ? (float*)wide.LoadEffectiveAddressAsPtr() : null;
        Device.ForItems(shape.Size * shape.Size, new CpuConvolutionWeights(Address(kernel), kernel.Stride, weights, shape, adjoint));
        Device.ForItems(x.Rows / shape.Places, new CpuConvolution(DenseAddress(x), weights, bias.Count > 0 ? Address(bias) : null, DenseAddress(y),
            shape));
    }

    public override void ConvolveGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias, Tensor unfolded, int height, int width, int size)
    {
        CheckConvolution(x, dKernel, dy, height, width, size);
        int images = x.Rows / (height * width);
        if (images == 0) return;
        int blockImages = (images + MostBlocks - 1) / MostBlocks;
        int blocks = (images + blockImages - 1) / blockImages, floats = dKernel.Count + dy.Cols;
        var partial = Device.Workspace((long)blocks * floats);
        Device.ForItems(blocks, new CpuConvolutionGrad(DenseAddress(x), DenseAddress(dy),
            partial.IsValid ? (float*)partial.LoadEffectiveAddressAsPtr() : null, new(height, width, size, x.Cols, dy.Cols), images, blockImages));
        Device.ForElements(dKernel.Count, new AddColumns<SimdPack>(partial, Dense(dKernel), blocks, dKernel.Count, floats, 0));
        Device.ForElements(dBias.Count, new AddColumns<SimdPack>(partial, Dense(dBias), blocks, dBias.Count, floats, dKernel.Count));
    }
}
