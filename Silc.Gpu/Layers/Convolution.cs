namespace Silc;

/// <summary>
/// A convolution that keeps the size of maps (B · height · width, C), zeros outside: an unfold and a product, a part of the images at a time, so
/// that the unfolded ones stay small. The kernel is (size, size, in, out). Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Convolution
{
    // Floats of an unfolded part: 32 MiB.
    const int PartFloats = 1 << 23;

    readonly int size, inputs;
    readonly Parameter kernel;
    readonly Parameter? bias;

    /// <summary>
    /// Declares <c>name/kernel</c> and, unless <paramref name="hasBias"/> is false, <c>name/bias</c>, with PyTorch's initial values.
    /// </summary>
    public Convolution(Parameters parameters, string name, int size, int inputs, int outputs, bool hasBias = true)
    {
        (this.size, this.inputs) = (size, inputs);
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

    void Run(Pass pass, Tensor x, Tensor y, int height, int width) => InParts(pass, x, height * width, (first, rows, unfolded) =>
    {
        pass.Ops.Unfold(x.Slice(first, rows), unfolded, height, width, size);
        pass.Ops.MatMul(unfolded, kernel.Value, y.Slice(first, rows), bias: bias is null ? default : bias.Value);
    });

    void Back(Pass pass, Tensor x, Tensor dy, Tensor dx, int height, int width)
    {
        using var _ = pass.Frame();
        // Of no use without a bias.
        var dBias = bias is null ? pass.Scratch(1, kernel.Cols) : bias.Grad;
        if (bias is null) pass.Ops.Fill(dBias, 0);
        InParts(pass, x, height * width, (first, rows, unfolded) =>
        {
            pass.Ops.Unfold(x.Slice(first, rows), unfolded, height, width, size);
            pass.Ops.LinearGrads(unfolded, dy.Slice(first, rows), kernel.Grad, dBias);
            if (dx.Count == 0) return;
            pass.Ops.MatMul(dy.Slice(first, rows), kernel.Value, unfolded, Transpose.B);
            pass.Ops.Fold(unfolded, dx.Slice(first, rows), height, width, size);
        });
    }

    void InParts(Pass pass, Tensor x, int places, Action<int, int, Tensor> part)
    {
        int images = x.Rows / places, cols = size * size * inputs;
        int most = (int)Math.Clamp(PartFloats / ((long)places * cols), 1, images);
        using var _ = pass.Frame();
        var memory = pass.Scratch(most * places, cols);
        for (int first = 0; first < images; first += most)
        {
            int rows = Math.Min(most, images - first) * places;
            part(first * places, rows, memory.Slice(0, rows));
        }
    }
}
