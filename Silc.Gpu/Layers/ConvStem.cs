namespace Silc;

/// <summary>
/// The embedding of patches by two layers with a GELU between, Y = Dense₁(gelu(Dense₀(x))): Dense₀ of the small patches that a patch is made
/// of, each by itself, Dense₁ of those of a patch together. They are convolutions whose strides are their sizes. "Early convolutions", Xiao
/// et al. 2021, arXiv:2106.14881, without overlap. Keeps the small patches and the hidden layer before its GELU.
/// Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
/// <param name="parameters">Where it declares <c>img/stem/…</c> and <c>img/embedding/…</c>.</param>
/// <param name="name">Name of the tower.</param>
/// <param name="patch">Side of a patch in pixels.</param>
/// <param name="small">Side of a small patch, which divides it.</param>
/// <param name="hidden">Channels of a small patch.</param>
/// <param name="width">Channels of a patch.</param>
/// <param name="gelu">Form of the GELU.</param>
sealed class ConvStem(Parameters parameters, string name, int patch, int small, int hidden, int width, GeluKind gelu)
{
    readonly int each = patch / small * (patch / small), inputs = small * small * 3;
    readonly Linear first = new(parameters, $"{name}/stem", small * small * 3, hidden, Inits.LecunNormal(small * small * 3));
    readonly Linear second = new(parameters, $"{name}/embedding", patch / small * (patch / small) * hidden, width,
        Inits.LecunNormal(patch / small * (patch / small) * hidden));

    /// <summary>What the gradient needs: the small patches and the hidden layer before its GELU.</summary>
    public (Tensor Small, Tensor Hidden) Keep(Pass pass, int patches)
    {
        int rows = Tensor.RowsOf(patches, each);
        return (pass.SavedActivation(rows, inputs), pass.SavedActivation(rows, hidden));
    }

    /// <summary>Writes y (N, C) and <paramref name="kept"/>, given the pixels of each patch, (N, patch·patch·3), float32.</summary>
    public void Run(Pass pass, Tensor pixels, (Tensor Small, Tensor Hidden) kept, Tensor y)
    {
        var (x, h) = kept;
        using var _ = pass.Frame();
        // A patch is a small image: cutting it gives its small patches, one row each, so that those of a patch are one row again.
        pass.Ops.Patches(pixels, x, patch, small);
        var a = pass.ScratchActivation(h.Rows, hidden);
        first.RunGelu(pass, x, h, a, gelu);
        second.Run(pass, Joined(a), y);
    }

    /// <summary>Adds to the parameters' gradients; dY stays as it is.</summary>
    public void Back(Pass pass, Tensor dy, (Tensor Small, Tensor Hidden) kept)
    {
        var (x, h) = kept;
        var (dh, a) = (pass.ScratchActivation(h.Rows, hidden), pass.ScratchActivation(h.Rows, hidden));
        var d = h.DType == DType.Float32 ? dy : pass.AsActivation(dy);
        second.GeluInputGrad(pass, d, Joined(h), Joined(dh), Joined(a), gelu);
        second.ParameterGrads(pass, Joined(a), d);
        first.ParameterGrads(pass, x, dh);
    }

    Tensor Joined(Tensor x) => x.Reshape(x.Rows / each, each * hidden);
}
