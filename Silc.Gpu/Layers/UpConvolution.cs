namespace Silc;

/// <summary>
/// A transposed convolution whose stride is its size k: one linear layer to k · k outputs, and each place becomes k x k places. Maps (B · h · w,
/// in) become (B · kh · kw, out); the kernel is (k, k, in, out). Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class UpConvolution
{
    readonly int size, inputs, outputs;
    readonly RowMaps maps;
    readonly Parameter kernel, bias;

    /// <summary>Declares <c>name/kernel</c> and <c>name/bias</c>, with PyTorch's initial values.</summary>
    public UpConvolution(Parameters parameters, RowMaps maps, string name, int size, int inputs, int outputs)
    {
        (this.maps, this.size, this.inputs, this.outputs) = (maps, size, inputs, outputs);
        // PyTorch counts the outputs as the fan of a transposed convolution.
        var init = Inits.Uniform(1 / Math.Sqrt(size * size * outputs));
        kernel = parameters.Add($"{name}/kernel", size * size * inputs, outputs, init, [size, size, inputs, outputs]);
        bias = parameters.Add($"{name}/bias", 1, outputs, init);
    }

    /// <summary>Channels of Y.</summary>
    public int Outputs => outputs;

    /// <summary>Y and its pullback, which keeps X.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int height, int width)
    {
        var y = Run(pass, x, height, width);
        return (y, new(pass, x, (dy, dx) => Back(pass, x, dy, dx, height, width)));
    }

    /// <summary>The same of an input whose gradient may not be wanted: the pullback writes it where it is given a place.</summary>
    public (Tensor Y, Action<Tensor, Tensor> Back) ForwardOptional(Pass pass, Tensor x, int height, int width)
    {
        var y = Run(pass, x, height, width);
        return (y, (dy, dx) => Back(pass, x, dy, dx, height, width));
    }

    Tensor Run(Pass pass, Tensor x, int height, int width)
    {
        int taps = size * size;
        var y = pass.Saved(x.Rows * taps, outputs);
        using var _ = pass.Frame();
        var all = pass.Scratch(x.Rows, taps * outputs);
        pass.Ops.GroupedMatMul(x, Kernels(kernel.Value), [.. Enumerable.Repeat(bias.Value, taps)], all);
        Map(x.Rows, height, width).Gather(pass.Ops, all.Reshape(x.Rows * taps, outputs), y);
        return y;
    }

    void Back(Pass pass, Tensor x, Tensor dy, Tensor dx, int height, int width)
    {
        int taps = size * size;
        using var _ = pass.Frame();
        var all = pass.Scratch(x.Rows, taps * outputs);
        Map(x.Rows, height, width).Scatter(pass.Ops, dy, all.Reshape(x.Rows * taps, outputs));
        pass.Ops.GroupedLinearGrads(x, all, Kernels(kernel.Grad), [.. Enumerable.Repeat(bias.Grad, taps)]);
        if (dx.Count > 0) pass.Ops.GroupedInputGrad(all, Kernels(kernel.Value), dx);
    }

    Tensor[] Kernels(Tensor all) => [.. Enumerable.Range(0, size * size).Select(tap => all.Slice(tap * inputs, inputs))];

    // Row (b, i, j) of the large map is tap (i mod k, j mod k) of place (i / k, j / k).
    RowMap Map(int rows, int height, int width) => maps.Of(("up", size, rows, height, width), () =>
    {
        var sources = new int[rows * size * size];
        int high = height * size, wide = width * size;
        for (int row = 0; row < sources.Length; row++)
        {
            int image = row / (high * wide), i = row / wide % high, j = row % wide;
            sources[row] = ((image * height + i / size) * width + j / size) * size * size + i % size * size + j % size;
        }
        return sources;
    });
}
