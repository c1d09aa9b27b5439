namespace Silc;

/// <summary>
/// Y = X + Dense₁(gelu(Dense₀(norm(X)))), with layer scale γ ∘ Dense₁: the MLP half of a pre-norm transformer block.
/// Keeps norm(X) and the hidden layer before its
/// GELU; the GELU is computed again for the gradient. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class Mlp
{
    readonly LayerNorm norm;
    readonly Linear expand, contract;
    readonly GeluKind gelu;

    /// <summary>
    /// Declares the norm, <c>name/Dense_0</c>, <c>name/Dense_1</c> and the gain of layer scale if it has a name and an initial value.
    /// </summary>
    public Mlp(Parameters parameters, string norm, string name, int width, int mlpDim, GeluKind gelu = GeluKind.Tanh, double epsilon = 1e-6,
        (string Name, double Init)? layerScale = null)
        : this(new(parameters, norm, width, epsilon),
            new(parameters, $"{name}/Dense_0", width, mlpDim, Inits.XavierUniform(width, mlpDim), Inits.Normal(1e-6)),
            new(parameters, $"{name}/Dense_1", mlpDim, width, Inits.XavierUniform(mlpDim, width), Inits.Normal(1e-6), gain: layerScale), gelu)
    {
    }

    Mlp(LayerNorm norm, Linear expand, Linear contract, GeluKind gelu) =>
        (this.norm, this.expand, this.contract, this.gelu) = (norm, expand, contract, gelu);

    /// <summary>The same with names of one's own and PyTorch's initial values.</summary>
    public static Mlp Torch(Parameters parameters, string norm, string expand, string contract, int width, int mlpDim, GeluKind gelu, double epsilon)
    {
        Init wide = Inits.Uniform(1 / Math.Sqrt(width)), narrow = Inits.Uniform(1 / Math.Sqrt(mlpDim));
        return new(new(parameters, norm, width, epsilon), new(parameters, expand, width, mlpDim, wide, wide),
            new(parameters, contract, mlpDim, width, narrow, narrow), gelu);
    }

    /// <summary>Y (N, C) and its pullback, which adds into dY.</summary>
    public (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x) => Forward(pass, x, pass.Saved(x.Rows, x.Cols));

    /// <summary>As <see cref="Forward(Pass, Tensor)"/> for a caller without further use for X: in inference Y takes its place.</summary>
    internal (Tensor Y, InPlacePullback Back) ForwardConsuming(Pass pass, Tensor x) => pass.Training ? Forward(pass, x) : Forward(pass, x, x);

    (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, Tensor y)
    {
        var (n, backNorm) = norm.ForwardAdding(pass, x);
        var h = pass.SavedActivation(x.Rows, expand.Outputs);
        using (pass.Frame())
        {
            var a = pass.ScratchActivation(h.Rows, h.Cols);
            expand.RunGelu(pass, n, h, a, gelu);
            contract.Run(pass, a, y, addend: x);
        }
        return (y, new(pass, (dy, d) =>
        {
            var (dh, a) = (pass.ScratchActivation(h.Rows, h.Cols), pass.ScratchActivation(h.Rows, h.Cols));
            contract.GeluInputGrad(pass, d, h, dh, a, gelu);
            Linear.ParameterGrads(pass, ([contract], a, d), ([expand], n, dh));
            var dn = pass.ScratchActivation(n.Rows, n.Cols);
            expand.InputGrad(pass, dh, dn);
            backNorm(dn, dy, true, d.DType == dy.DType ? default : d);
        }
        ));
    }
}
