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
        Device.ForItems(x.Rows / (height * width), new CpuConvolution(DenseAddress(x), Address(kernel), kernel.Stride,
            bias.Count > 0 ? Address(bias) : null, DenseAddress(y), new(height, width, size, x.Cols, y.Cols), adjoint: false));
    }

    public override void ConvolveInputGrad(Tensor dy, Tensor kernel, Tensor dx, Tensor unfolded, int height, int width, int size)
    {
        CheckConvolution(dx, kernel, dy, height, width, size);
        Device.ForItems(dx.Rows / (height * width), new CpuConvolution(DenseAddress(dy), Address(kernel), kernel.Stride, null, DenseAddress(dx),
            new(height, width, size, dy.Cols, dx.Cols), adjoint: true));
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
