namespace Silc;

/// <summary>
/// A convolution that keeps the size of maps (B · height · width, C), zeros outside. The kernel is (size, size, in, out).
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Convolution
{
    readonly int size;
    readonly Parameter kernel;
    readonly Parameter? bias;

    /// <summary>
    /// Declares <c>name/kernel</c> and, unless <paramref name="hasBias"/> is false, <c>name/bias</c>, with PyTorch's initial values.
    /// </summary>
    public Convolution(Parameters parameters, string name, int size, int inputs, int outputs, bool hasBias = true)
    {
        this.size = size;
        var init = Inits.Uniform(1 / Math.Sqrt(size * size * inputs));
        kernel = parameters.Add($"{name}/kernel", size * size * inputs, outputs, init, [size, size, inputs, outputs]);
        kernel.InProducts = true;
        bias = hasBias ? parameters.Add($"{name}/bias", 1, outputs, init) : null;
    }

    /// <summary>Y (N, outputs) and its pullback, which keeps X.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int height, int width)
    {
        var y = pass.Saved(x.Rows, kernel.Cols);
        Run(pass, x, y, height, width);
        return (y, new(pass, x, (dy, dx) => Back(pass, x, dy, dx, height, width)));
    }

    /// <summary>The same of an input whose gradient may not be wanted: the pullback writes it where it is given a place.</summary>
    public (Tensor Y, Action<Tensor, Tensor> Back) ForwardOptional(Pass pass, Tensor x, int height, int width)
    {
        var y = pass.Saved(x.Rows, kernel.Cols);
        Run(pass, x, y, height, width);
        return (y, (dy, dx) => Back(pass, x, dy, dx, height, width));
    }

    void Run(Pass pass, Tensor x, Tensor y, int height, int width)
    {
        using var _ = pass.Frame();
        pass.Ops.Convolve(x, kernel.Value, bias is null ? default : bias.Value, y, Unfolded(pass, x, height * width), height, width, size);
    }

    void Back(Pass pass, Tensor x, Tensor dy, Tensor dx, int height, int width)
    {
        using var _ = pass.Frame();
        // Of no use without a bias.
        var dBias = bias is null ? pass.Scratch(1, kernel.Cols) : bias.Grad;
        if (bias is null) pass.Ops.Fill(dBias, 0);
        var unfolded = Unfolded(pass, x, height * width);
        pass.Ops.ConvolveGrads(x, dy, kernel.Grad, dBias, unfolded, height, width, size);
        if (dx.Count > 0) pass.Ops.ConvolveInputGrad(dy, kernel.Value, dx, unfolded, height, width, size);
    }

    Tensor Unfolded(Pass pass, Tensor x, int places) =>
        pass.Ops.UnfoldedRows(x.Rows / places, places, kernel.Rows) is > 0 and var rows ? pass.Scratch(rows, kernel.Rows) : default;
}
