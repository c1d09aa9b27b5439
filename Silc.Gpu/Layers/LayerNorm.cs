namespace Silc;

/// <summary>
/// Y = (X - mean)·rstd·scale + bias over the channels. Ba et al. 2016, arXiv:1607.06450. Keeps mean and rstd, (N, 1) each.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class LayerNorm(Parameters parameters, string name, int width, double epsilon = 1e-6)
{
    readonly float epsilon = (float)epsilon;        // flax's default is 1e-6

    readonly Parameter scale = parameters.Add($"{name}/scale", 1, width, Inits.Ones);
    readonly Parameter bias = parameters.Add($"{name}/bias", 1, width, Inits.Zeros);

    /// <summary>Y, an activation (see <see cref="Pass.SavedActivation"/>), and its pullback.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x)
    {
        var (y, backAdding) = ForwardAdding(pass, x);
        return (y, new(pass, x, (dy, dx) => backAdding(dy, dx, false, default)));
    }

    /// <summary>As <see cref="Forward"/>, but Y is float32: the beginning of a residual stream.</summary>
    internal (Tensor Y, Pullback Back) ForwardFloats(Pass pass, Tensor x)
    {
        var (y, backAdding) = ForwardAdding(pass, x, pass.Saved(x.Rows, x.Cols));
        return (y, new(pass, x, (dy, dx) => backAdding(dy, dx, false, default)));
    }

    /// <summary>
    /// Y, and a pullback that writes dX into a given tensor or adds it there: a residual block adds into its dY. The last argument takes
    /// what is there then once more, in the form of an activation; it may be empty.
    /// </summary>
    internal (Tensor Y, Action<Tensor, Tensor, bool, Tensor> Back) ForwardAdding(Pass pass, Tensor x) =>
        ForwardAdding(pass, x, pass.SavedActivation(x.Rows, x.Cols));

    /// <summary>The same into a given Y, float32 or an activation.</summary>
    internal (Tensor Y, Action<Tensor, Tensor, bool, Tensor> Back) ForwardAdding(Pass pass, Tensor x, Tensor y)
    {
        var (mean, rstd) = (pass.Saved(x.Rows, 1), pass.Saved(x.Rows, 1));
        pass.Ops.LayerNormForward(x, scale.Value, bias.Value, y, mean, rstd, epsilon);
        return (y, (dy, dx, add, rounded) => pass.Ops.LayerNormBackward(dy, x, scale.Value, mean, rstd, dx, scale.Grad, bias.Grad, add, rounded));
    }
}
