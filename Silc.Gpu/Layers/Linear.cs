namespace Silc;

/// <summary>
/// Y = X · kernel + bias, or (X · kernel + bias) ∘ gain with layer scale. The kernel is (in, out), flax's layout;
/// attention kernels are (C, H, D) in checkpoints, the same memory.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Linear
{
    readonly Parameter kernel;
    readonly Parameter? bias, gain;

    /// <summary>
    /// Declares <c>name/kernel</c>, unless <paramref name="hasBias"/> is false <c>name/bias</c>, and the gain of layer scale if it has a name and an
    /// initial value.
    /// </summary>
    public Linear(Parameters parameters, string name, int inputs, int outputs, Init init, Init? biasInit = null, bool hasBias = true,
        (string Name, double Init)? gain = null)
    {
        kernel = parameters.Add($"{name}/kernel", inputs, outputs, init);
        kernel.InProducts = true;
        if (hasBias) bias = parameters.Add($"{name}/bias", 1, outputs, biasInit ?? Inits.Zeros);
        if (gain is { } scale) this.gain = parameters.Add($"{scale.Name}/scale", 1, outputs, Inits.Constant(scale.Init));
    }

    /// <summary>Channels of Y.</summary>
    public int Outputs => kernel.Cols;

    /// <summary>Y and its pullback, which keeps X.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x)
    {
        var y = pass.Saved(x.Rows, Outputs);
        Run(pass, x, y);
        return (y, new(pass, x, (dy, dx) =>
        {
            ParameterGrads(pass, x, dy);
            InputGrad(pass, dy, dx);
        }
        ));
    }

    /// <summary>y = x·kernel + bias + addend.</summary>
    internal void Run(Pass pass, Tensor x, Tensor y, Tensor addend = default)
    {
        using var _ = ScaledFrame(pass);
        pass.Ops.MatMul(x, Scaled(pass, kernel), y, bias: bias is null ? default : Scaled(pass, bias), addend: addend);
    }

    internal void RunGelu(Pass pass, Tensor x, Tensor h, Tensor y, GeluKind kind) =>
        pass.Ops.MatMulGelu(x, Unscaled.Value, Bias.Value, h, y, kind);

    internal void InputGrad(Pass pass, Tensor dy, Tensor dx, bool accumulate = false)
    {
        using var _ = ScaledFrame(pass);
        pass.Ops.MatMul(dy, Scaled(pass, kernel), dx, Transpose.B, addend: accumulate ? dx : default);
    }

    internal void GeluInputGrad(Pass pass, Tensor dy, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        using var _ = ScaledFrame(pass);
        pass.Ops.MatMulGeluBackward(dy, Scaled(pass, kernel), h, dh, y, kind);
    }

    internal void ParameterGrads(Pass pass, Tensor x, Tensor dy)
    {
        if (gain is null && bias is not null)
        {
            pass.Ops.LinearGrads(x, dy, kernel.Grad, bias.Grad);
            return;
        }
        using var _ = pass.Frame();
        var dBias = pass.Scratch(1, Outputs);
        pass.Ops.Fill(dBias, 0);
        if (gain is null)
        {
            pass.Ops.LinearGrads(x, dy, kernel.Grad, dBias);     // of no use without a bias
            return;
        }
        // Gradients of the scaled kernel and bias, then of the gain and what it scales.
        var dKernel = pass.Scratch(kernel.Rows, kernel.Cols);
        pass.Ops.Fill(dKernel, 0);
        pass.Ops.LinearGrads(x, dy, dKernel, dBias);
        Unscale(dKernel, kernel);
        if (bias is not null) Unscale(dBias, bias);

        void Unscale(Tensor d, Parameter p)
        {
            pass.Ops.ScaleColumnsBackward(d, p.Value, gain.Value, gain.Grad);
            pass.Ops.Add(d, p.Grad);
        }
    }

    // Layer scale is the product's: gains are multiplied into a copy of the kernel, of C columns, and not into all rows of Y.
    Tensor Scaled(Pass pass, Parameter p)
    {
        if (gain is null) return p.Value;
        var scaled = pass.Scratch(p.Rows, p.Cols);
        pass.Ops.ScaleColumns(p.Value, gain.Value, scaled);
        return scaled;
    }

    ArenaFrame? ScaledFrame(Pass pass) => gain is null ? null : pass.Frame();

    Parameter Unscaled => gain is null ? kernel
        : throw new InvalidOperationException($"the layer of {kernel.Name} has layer scale, which its use lacks");

    Parameter Bias => bias ?? throw new InvalidOperationException($"the layer of {kernel.Name} has no bias, which its use needs");

    /// <summary>Says that these layers, declared one after another, read one input and are of one shape, (C, C).</summary>
    internal static void Pack(Linear query, Linear key, Linear value)
    {
        int width = query.Outputs;
        if (query.kernel.Rows == width && key.Outputs == width && value.Outputs == width) query.kernel.PackedQkvWidth = width;
    }

    // The same for layers of one input; their outputs lie side by side.

    internal static void Run(Pass pass, Linear[] layers, Tensor x, Tensor y) =>
        pass.Ops.GroupedMatMul(x, [.. layers.Select(l => l.kernel.Value)], [.. layers.Select(l => l.Bias.Value)], y);

    internal static void InputGrad(Pass pass, Linear[] layers, Tensor dy, Tensor dx) =>
        pass.Ops.GroupedInputGrad(dy, [.. layers.Select(l => l.kernel.Value)], dx);

    /// <summary>Gradients of the parameters of several layers or groups, whose inputs and output gradients are there at once.</summary>
    internal static void ParameterGrads(Pass pass, params ReadOnlySpan<(Linear[] Layers, Tensor X, Tensor DY)> all)
    {
        var grads = new List<LinearGrad>(all.Length);
        foreach (var (layers, x, dy) in all)
            if (layers is [{ gain: not null } or { bias: null }]) layers[0].ParameterGrads(pass, x, dy);
            else grads.Add(new(x, dy, [.. layers.Select(l => l.kernel.Grad)], [.. layers.Select(l => l.Bias.Grad)]));
        pass.Ops.LinearGrads([.. grads]);
    }
}
