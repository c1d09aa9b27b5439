namespace Silc;

/// <summary>
/// Learned tokens without positions behind an image's patches, <c>reg/embedding</c> (R, C): blocks mix them with the patches, and nothing reads
/// them in the end. Darcet et al. 2024, arXiv:2309.16588. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class RegisterTokens(Parameters parameters, string name, int registers, int width)
{
    /// <summary>How many.</summary>
    public int Count => registers;

    // timm's deviation.
    readonly Parameter tokens = parameters.Add($"{name}/reg/embedding", registers, width, Inits.Normal(1e-6));

    /// <summary>
    /// Tokens (B·T, C) with the registers behind those of each image, (B·(T + R), C); the pullback hands the tokens' part to theirs.
    /// </summary>
    public (Tensor Y, ParameterPullback Back) Behind(Pass pass, Tensor x, int batch, ParameterPullback backTokens)
    {
        int each = x.Rows / batch * width, more = registers * width;
        var y = pass.Saved(Tensor.RowsOf(batch, x.Rows / batch + registers), width);
        var images = y.Reshape(batch, each + more);
        pass.Ops.Copy(x.Reshape(batch, each), images.Columns(0, each));
        pass.Ops.Copy(new(tokens.Value.View, batch, more, 0), images.Columns(each, more));
        return (y, new(pass, dy =>
        {
            var gradients = dy.Reshape(batch, each + more);
            pass.Ops.SumRows(gradients.Columns(each, more), tokens.Grad.Reshape(1, more));
            var dx = pass.Scratch(x.Rows, width);
            pass.Ops.Copy(gradients.Columns(0, each), dx.Reshape(batch, each));
            backTokens.Invoke(dx);
        }));
    }

    /// <summary>The tokens of (B·(T + R), C) alone, (B·T, C), an activation like them, and the pullback.</summary>
    public (Tensor Y, ParameterPullback Back) Without(Pass pass, Tensor x, int batch, ParameterPullback backAll)
    {
        int all = x.Rows / batch * width, each = all - registers * width;
        var y = pass.SavedActivation(x.Rows - batch * registers, width);
        pass.Ops.Copy(x.Reshape(batch, all).Columns(0, each), y.Reshape(batch, each));
        return (y, new(pass, dy =>
        {
            var dx = pass.Scratch(x.Rows, width);
            pass.Ops.Fill(dx, 0);
            pass.Ops.Copy(dy.Reshape(batch, each), dx.Reshape(batch, all).Columns(0, each));
            backAll.Invoke(dx);
        }));
    }

    /// <summary>The same of any rows that images have for their tokens, such as scores, for inference.</summary>
    public Tensor Drop(Pass pass, Tensor x, int batch)
    {
        int all = x.Rows / batch * x.Cols, each = all - registers * x.Cols;
        var y = pass.Saved(x.Rows - batch * registers, x.Cols);
        pass.Ops.Copy(x.Reshape(batch, all).Columns(0, each), y.Reshape(batch, each));
        return y;
    }
}
