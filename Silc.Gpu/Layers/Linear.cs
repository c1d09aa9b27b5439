namespace Silc;

/// <summary>
/// Y = X · kernel + bias. The kernel is (in, out), flax's layout; attention kernels are (C, H, D) in checkpoints, the same memory.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Linear
{
    readonly Parameter kernel;
    readonly Parameter? bias;

    /// <summary>Declares <c>name/kernel</c> and, unless <paramref name="hasBias"/> is false, <c>name/bias</c>.</summary>
    public Linear(Parameters parameters, string name, int inputs, int outputs, Init init, Init? biasInit = null, bool hasBias = true)
    {
        kernel = parameters.Add($"{name}/kernel", inputs, outputs, init);
        kernel.InProducts = true;
        if (hasBias) bias = parameters.Add($"{name}/bias", 1, outputs, biasInit ?? Inits.Zeros);
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
    internal void Run(Pass pass, Tensor x, Tensor y, Tensor addend = default) =>
        pass.Ops.MatMul(x, kernel.Value, y, bias: bias?.Value ?? default, addend: addend);

    internal void RunGelu(Pass pass, Tensor x, Tensor h, Tensor y, GeluKind kind) => pass.Ops.MatMulGelu(x, kernel.Value, Bias.Value, h, y, kind);

    internal void InputGrad(Pass pass, Tensor dy, Tensor dx, bool accumulate = false) =>
        pass.Ops.MatMul(dy, kernel.Value, dx, Transpose.B, addend: accumulate ? dx : default);

    internal void GeluInputGrad(Pass pass, Tensor dy, Tensor h, Tensor dh, Tensor y, GeluKind kind) =>
        pass.Ops.MatMulGeluBackward(dy, kernel.Value, h, dh, y, kind);

    internal void ParameterGrads(Pass pass, Tensor x, Tensor dy)
    {
        if (bias is not null)
        {
            pass.Ops.LinearGrads(x, dy, kernel.Grad, bias.Grad);
            return;
        }
        using var _ = pass.Frame();
        var unused = pass.Scratch(1, Outputs);
        pass.Ops.Fill(unused, 0);
        pass.Ops.LinearGrads(x, dy, kernel.Grad, unused);
    }

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

    internal static void ParameterGrads(Pass pass, Linear[] layers, Tensor x, Tensor dy) =>
        pass.Ops.GroupedLinearGrads(x, dy, [.. layers.Select(l => l.kernel.Grad)], [.. layers.Select(l => l.Bias.Grad)]);
}
