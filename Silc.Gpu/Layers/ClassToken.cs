namespace Silc;

/// <summary>
/// A learned token in front of an image's patches, with a position of its own, <c>cls/embedding</c> and
/// <c>cls/pos_embedding</c>. Dosovitskiy et al. 2021, arXiv:2010.11929. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class ClassToken(Parameters parameters, string name, int width)
{
    readonly Parameter token = parameters.Add($"{name}/cls/embedding", 1, width, Inits.Normal(1 / Math.Sqrt(width)));
    readonly Parameter position = parameters.Add($"{name}/cls/pos_embedding", 1, width, Inits.Normal(1 / Math.Sqrt(width)));

    /// <summary>Patches (B·T, C) with the token in front, (B·(T + 1), C), and the pullback, which hands the patches' part to theirs.</summary>
    public (Tensor Y, ParameterPullback Back) Before(Pass pass, Tensor x, int batch, ParameterPullback backPatches)
    {
        int tokens = x.Rows / batch;
        var y = pass.Saved(Tensor.RowsOf(batch, tokens + 1), width);
        var images = y.Reshape(batch, (tokens + 1) * width);
        using (pass.Frame())
        {
            var sum = pass.Scratch(1, width);
            pass.Ops.Copy(token.Value, sum);
            pass.Ops.Add(position.Value, sum);
            pass.Ops.Copy(new(sum.View, batch, width, 0), images.Columns(0, width));
        }
        pass.Ops.Copy(x.Reshape(batch, tokens * width), images.Columns(width, tokens * width));
        return (y, new(pass, dy =>
        {
            var gradients = dy.Reshape(batch, (tokens + 1) * width);
            pass.Ops.SumRows(gradients.Columns(0, width), token.Grad);
            pass.Ops.SumRows(gradients.Columns(0, width), position.Grad);
            var dx = pass.Scratch(batch * tokens, width);
            pass.Ops.Copy(gradients.Columns(width, tokens * width), dx.Reshape(batch, tokens * width));
            backPatches.Invoke(dx);
        }));
    }

    /// <summary>The patches of (B·(T + 1), C) alone, (B·T, C), float32.</summary>
    public static Tensor WithoutIt(Pass pass, Tensor x, int batch)
    {
        int tokens = x.Rows / batch - 1, width = x.Cols;
        var y = pass.Saved(batch * tokens, width);
        pass.Ops.Copy(x.Reshape(batch, (tokens + 1) * width).Columns(width, tokens * width), y.Reshape(batch, tokens * width));
        return y;
    }
}
