namespace Silc;

/// <summary>
/// Y = max(0, (X - mean)·rstd·scale + bias) with moments of each group of channels over all places of an image. Wu and He 2018,
/// arXiv:1803.08494. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class GroupNorm(Parameters parameters, string name, int width, int groups, double epsilon = 1e-5)
{
    readonly float epsilon = (float)epsilon;
    readonly Parameter scale = parameters.Add($"{name}/scale", 1, width, Inits.Ones), bias = parameters.Add($"{name}/bias", 1, width, Inits.Zeros);

    /// <summary>Y of so many images, and its pullback, which keeps X and Y.</summary>
    public (Tensor Y, Pullback Back) ForwardRelu(Pass pass, Tensor x, int images)
    {
        var (y, mean, rstd) = (pass.Saved(x.Rows, x.Cols), pass.Saved(images * groups, 1), pass.Saved(images * groups, 1));
        pass.Ops.GroupNormForward(x, scale.Value, bias.Value, y, mean, rstd, groups, epsilon);
        pass.Ops.Relu(y);
        return (y, new(pass, x, (dy, dx) =>
        {
            pass.Ops.ReluBackward(y, dy);
            pass.Ops.GroupNormBackward(dy, x, scale.Value, mean, rstd, dx, scale.Grad, bias.Grad, groups);
        }
        ));
    }
}
