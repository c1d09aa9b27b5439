namespace Silc;

partial class Ops<TPack>
{
    // Floats of an unfolded part: 32 MiB.
    const int PartFloats = 1 << 23;

    public override int UnfoldedRows(int images, int places, int cols) =>
        (int)Math.Clamp(PartFloats / ((long)places * cols), 1, images) * places;

    public override void Convolve(Tensor x, Tensor kernel, Tensor bias, Tensor y, Tensor unfolded, int height, int width, int size) =>
        InParts(x, kernel, y, unfolded, height, width, size, (first, part) =>
        {
            Unfold(x.Slice(first, part.Rows), part, height, width, size);
            MatMul(part, kernel, y.Slice(first, part.Rows), bias: bias);
        });

    public override void ConvolveInputGrad(Tensor dy, Tensor kernel, Tensor dx, Tensor unfolded, int height, int width, int size) =>
        InParts(dx, kernel, dy, unfolded, height, width, size, (first, part) =>
        {
            MatMul(dy.Slice(first, part.Rows), kernel, part, Transpose.B);
            Fold(part, dx.Slice(first, part.Rows), height, width, size);
        });

    public override void ConvolveGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias, Tensor unfolded, int height, int width, int size) =>
        InParts(x, dKernel, dy, unfolded, height, width, size, (first, part) =>
        {
            Unfold(x.Slice(first, part.Rows), part, height, width, size);
            LinearGrads(part, dy.Slice(first, part.Rows), dKernel, dBias);
        });

    void InParts(Tensor x, Tensor kernel, Tensor y, Tensor unfolded, int height, int width, int size, Action<int, Tensor> run)
    {
        CheckConvolution(x, kernel, y, height, width, size);
        int most = unfolded.Rows / (height * width) * height * width;
        for (int first = 0; first < x.Rows; first += most) run(first, unfolded.Slice(0, Math.Min(most, x.Rows - first)));
    }

    private protected static void CheckConvolution(Tensor x, Tensor kernel, Tensor y, int height, int width, int size)
    {
        if (size % 2 == 0 || x.Rows != y.Rows || x.Rows % (height * width) != 0 || kernel.Rows != size * size * x.Cols || kernel.Cols != y.Cols)
            throw new ArgumentException($"a kernel of {kernel.Rows} x {kernel.Cols} values, {size} x {size} taps, does not make {y.Rows} x {y.Cols} "
                + $"values of {x.Rows} x {x.Cols} on maps of {height} x {width}");
    }
}
