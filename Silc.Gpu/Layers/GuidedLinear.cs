namespace Silc;

/// <summary>
/// Y = [X, G] · kernel + bias where rows of guidance G are shared: of the rows of an image, row r reads row r mod T of the image's T rows of G. The
/// product with G is made once for them all. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class GuidedLinear
{
    readonly int inputs, guides;
    readonly Parameter kernel, bias;

    /// <summary>Declares <c>name/kernel</c> (inputs + guides, outputs) and <c>name/bias</c>, with PyTorch's initial values.</summary>
    public GuidedLinear(Parameters parameters, string name, int inputs, int guides, int outputs)
    {
        (this.inputs, this.guides) = (inputs, guides);
        var init = Inits.Uniform(1 / Math.Sqrt(inputs + guides));
        kernel = parameters.Add($"{name}/kernel", inputs + guides, outputs, init);
        bias = parameters.Add($"{name}/bias", 1, outputs, init);
    }

    /// <summary>y (N, outputs) from x (N, inputs) and the guidance (images · T, guides) of so many images.</summary>
    public void Run(Pass pass, Tensor x, Tensor guide, int images, Tensor y)
    {
        pass.Ops.MatMul(x, kernel.Value.Slice(0, inputs), y, bias: bias.Value);
        using var _ = pass.Frame();
        var table = pass.Scratch(guide.Rows, y.Cols);
        pass.Ops.MatMul(guide, kernel.Value.Slice(inputs, guides), table);
        for (int image = 0; image < images; image++) pass.Ops.AddBroadcast(Of(table, image, images), Of(y, image, images));
    }

    /// <summary>Adds to the parameters' gradients and to that of the guidance; dx = gradient, or += with <paramref name="accumulate"/>.</summary>
    public void Back(Pass pass, Tensor x, Tensor guide, int images, Tensor dy, Tensor dx, Tensor dGuide, bool accumulate)
    {
        var ops = pass.Ops;
        ops.LinearGrads(x, dy, kernel.Grad.Slice(0, inputs), bias.Grad);
        ops.MatMul(dy, kernel.Value.Slice(0, inputs), dx, Transpose.B, addend: accumulate ? dx : default);
        using var _ = pass.Frame();
        var table = pass.Scratch(guide.Rows, dy.Cols);
        ops.Fill(table, 0);
        for (int image = 0; image < images; image++) ops.SumRows(Of(dy, image, images), Of(table, image, images));
        var grad = kernel.Grad.Slice(inputs, guides);
        ops.MatMul(guide, table, grad, Transpose.A, addend: grad);
        ops.MatMul(table, kernel.Value.Slice(inputs, guides), dGuide, Transpose.B, addend: dGuide);
    }

    static Tensor Of(Tensor all, int image, int images) => all.Slice(all.Rows / images * image, all.Rows / images);
}
