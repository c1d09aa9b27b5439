namespace Silc;

/// <summary>
/// The mean of an image's patches, behind its class token if it has one: tokens (B·T, C) to (B, 2C) or (B, C), float32. A class token is an image's
/// first row; registers are its last ones, and nothing reads them. Jose et al. 2024, arXiv:2412.16334. Threads: one at a time, as for
/// <see cref="Device.Ops"/>.
/// </summary>
/// <param name="readsClass">Y has the class token, too.</param>
/// <param name="hasClass">There is a class token.</param>
/// <param name="registers">How many registers there are.</param>
sealed class TokenMean(bool readsClass, bool hasClass, int registers)
{
    /// <summary>Y has the class token, too.</summary>
    public bool ReadsClass => readsClass;

    /// <summary>Y and its pullback.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch)
    {
        int tokens = x.Rows / batch, width = x.Cols, first = hasClass ? 1 : 0, patches = tokens - first - registers, at = readsClass ? width : 0;
        var y = pass.Saved(batch, at + width);
        using (pass.Frame())
        {
            Tensor inner = pass.Scratch(batch * patches, width), mean = pass.Scratch(batch, width);
            pass.Ops.Copy(Patches(x), inner.Reshape(batch, patches * width));
            pass.Ops.PoolTokens(inner, mean, largest: false);
            pass.Ops.Copy(mean, y.Columns(at, width));
            if (readsClass) pass.Ops.Copy(x.Reshape(batch, tokens * width).Columns(0, width), y.Columns(0, width));
        }
        return (y, new(pass, x, (dy, dx) =>
        {
            Tensor inner = pass.Scratch(batch * patches, width), mean = pass.Scratch(batch, width);
            pass.Ops.Copy(dy.Columns(at, width), mean);
            pass.Ops.Fill(inner, 0);
            pass.Ops.PoolTokensBackward(inner, mean, inner, largest: false);
            if (registers > 0 || first > 0) pass.Ops.Fill(dx, 0);
            pass.Ops.Copy(inner.Reshape(batch, patches * width), Patches(dx));
            if (readsClass) pass.Ops.Copy(dy.Columns(0, width), dx.Reshape(batch, tokens * width).Columns(0, width));
        }));

        Tensor Patches(Tensor of) => of.Reshape(batch, tokens * width).Columns(first * width, patches * width);
    }
}
