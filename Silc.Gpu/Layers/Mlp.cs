namespace Silc;

/// <summary>
/// Y = X + Dense₁(gelu(Dense₀(norm(X)))): the MLP half of a pre-norm transformer block. Keeps norm(X) and the hidden layer before its
/// GELU; the GELU is computed again for the gradient. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
public sealed class Mlp(Parameters parameters, string norm, string name, int width, int mlpDim, GeluKind gelu = GeluKind.Tanh)
{
    readonly LayerNorm norm = new(parameters, norm, width);
    readonly Linear expand = new(parameters, $"{name}/Dense_0", width, mlpDim, Inits.XavierUniform(width, mlpDim), Inits.Normal(1e-6));
    readonly Linear contract = new(parameters, $"{name}/Dense_1", mlpDim, width, Inits.XavierUniform(mlpDim, width), Inits.Normal(1e-6));

    /// <summary>Y and its pullback, which adds into dY and returns it. Without a gradient to come, Y takes the place of X.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x)
    {
        var (y, back) = ForwardResidual(pass, x);
        return (y, dy =>
        {
            using var _ = pass.Frame();
            back(dy, pass.AsActivation(dy));
            return dy;
        }
        );
    }

    /// <summary>
    /// Y, and a pullback that adds into dY. It is given dY as an activation too (see <see cref="Pass.AsActivation"/>), and keeps that up to date.
    /// </summary>
    internal (Tensor Y, Action<Tensor, Tensor> Back) ForwardResidual(Pass pass, Tensor x)
    {
        var y = pass.Training ? pass.Keep(x.Rows, x.Cols) : x;
        var (n, backNorm) = norm.ForwardAdding(pass, x);
        var h = pass.KeepActivation(x.Rows, expand.Outputs);
        using (pass.Frame())
        {
            var a = pass.TempActivation(h.Rows, h.Cols);
            expand.RunGelu(pass, n, h, a, gelu);
            contract.Run(pass, a, y, addend: x);
        }
        return (y, (dy, d) =>
        {
            using var _ = pass.Frame();
            var (dh, a) = (pass.TempActivation(h.Rows, h.Cols), pass.TempActivation(h.Rows, h.Cols));
            contract.GeluInputGrad(pass, d, h, dh, a, gelu);
            contract.ParameterGrads(pass, a, d);
            expand.ParameterGrads(pass, n, dh);
            var dn = pass.TempActivation(n.Rows, n.Cols);
            expand.InputGrad(pass, dh, dn);
            backNorm(dn, dy, true, d.Stored == dy.Stored ? default : d);
        }
        );
    }
}
