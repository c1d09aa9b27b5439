namespace Silc;

/// <summary>
/// A Swin block (Liu et al. 2021, arXiv:2103.14030) on maps of several classes of each image, as CAT-Seg has it: queries and keys also read the
/// image's guidance, and there is no relative position bias. Y = X' + MLP(norm(X')), X' = X + out(attention(norm(X))) in windows, which are moved by
/// half a window where <c>shift</c> says so. What lies on the two sides of the border in a moved window never attends to each other, so that its
/// parts are windows of their own, of which those of one size are one attention. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class WindowedBlock
{
    const double Epsilon = 1e-5;

    readonly int width, heads, window;
    readonly bool shift;
    readonly RowMaps maps;
    readonly LayerNorm norm;
    readonly GuidedLinear query, key;
    readonly Linear value, output;
    readonly Mlp mlp;

    /// <summary>
    /// Declares <c>name/norm_0</c>, <c>query</c>, <c>key</c>, <c>value</c>, <c>out</c>, <c>norm_1</c>, <c>mlp_0</c> and <c>mlp_1</c>.
    /// </summary>
    public WindowedBlock(Parameters parameters, RowMaps maps, string name, int width, int guides, int heads, int window, bool shift)
    {
        (this.maps, this.width, this.heads, this.window, this.shift) = (maps, width, heads, window, shift);
        norm = new(parameters, $"{name}/norm_0", width, Epsilon);
        query = new(parameters, $"{name}/query", width, guides, width);
        key = new(parameters, $"{name}/key", width, guides, width);
        var init = Inits.Uniform(1 / Math.Sqrt(width));
        value = new(parameters, $"{name}/value", width, width, init, init);
        output = new(parameters, $"{name}/out", width, width, init, init);
        mlp = Mlp.Torch(parameters, $"{name}/norm_1", $"{name}/mlp_0", $"{name}/mlp_1", width, 4 * width, GeluKind.Exact, Epsilon);
    }

    /// <summary>
    /// Y (N, C) of maps (images · classes · height · width, C), and a pullback that adds into dY and to the gradient of the guidance.
    /// </summary>
    /// <param name="pass">The pass.</param>
    /// <param name="x">X.</param>
    /// <param name="guide">Guidance of each place (images · height · width, G), normed.</param>
    /// <param name="dGuide">Takes its gradient, which is added; may be empty in inference.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Places down.</param>
    /// <param name="wide">Places across.</param>
    public (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, Tensor guide, Tensor dGuide, int images, int height, int wide)
    {
        // In inference the MLP works in its place.
        var middle = pass.Saved(x.Rows, width);
        using var _ = pass.InferenceFrame();
        var backAttention = Attend(pass, x, middle, guide, dGuide, images, height, wide);
        var (y, backMlp) = mlp.ForwardConsuming(pass, middle);
        return (y, new(pass, dy =>
        {
            backMlp.Invoke(dy);
            backAttention(dy);
        }));
    }

    // middle = x + out(attention).
    Action<Tensor> Attend(Pass pass, Tensor x, Tensor middle, Tensor guide, Tensor dGuide, int images, int height, int wide)
    {
        var (ops, rows) = (pass.Ops, x.Rows);
        var windows = Windows.Of(maps, rows, height, wide, window, shift);
        var (n, backNorm) = norm.ForwardAdding(pass, x, pass.Saved(rows, width));
        var (q, k, v, o, lse) = (Saved(), Saved(), Saved(), Saved(), pass.Saved(rows, heads));
        using (pass.Frame())
        {
            var plain = pass.Scratch(rows, width);
            Place(() => query.Run(pass, n, guide, images, plain), q);
            Place(() => key.Run(pass, n, guide, images, plain), k);
            Place(() => value.Run(pass, n, plain), v);
            foreach (var part in windows.Parts)
                ops.Attention(part.Of(q), part.Of(k), part.Of(v), part.Of(o), part.Of(lse).Reshape(part.Batch * heads, part.Tokens), part.Batch,
                    heads);
            if (windows.Map is { } map) map.Scatter(ops, o, plain);
            output.Run(pass, windows.Map is null ? o : plain, middle, addend: x);

            void Place(Action run, Tensor to)
            {
                run();
                if (windows.Map is { } map) map.Gather(ops, plain, to);
                else ops.Copy(plain, to);
            }
        }
        return dy =>
        {
            // In the order of windows, which a sum over rows does not see.
            var d = windows.Map is null ? dy : Scratch();
            if (windows.Map is { } map) map.Gather(ops, dy, d);
            var (dO, dQ, dK, dV) = (Scratch(), Scratch(), Scratch(), Scratch());
            output.InputGrad(pass, d, dO);
            output.ParameterGrads(pass, o, d);
            foreach (var part in windows.Parts)
                ops.AttentionBackward(part.Of(dO), part.Of(q), part.Of(k), part.Of(v), part.Of(o),
                    part.Of(lse).Reshape(part.Batch * heads, part.Tokens), part.Of(dQ), part.Of(dK), part.Of(dV), part.Batch, heads);
            var (dn, plain) = (Scratch(), Scratch());
            var back = Back(dV);
            value.ParameterGrads(pass, n, back);
            value.InputGrad(pass, back, dn);
            query.Back(pass, n, guide, images, Back(dQ), dn, dGuide, accumulate: true);
            key.Back(pass, n, guide, images, Back(dK), dn, dGuide, accumulate: true);
            backNorm(dn, dy, true, default);

            Tensor Back(Tensor inWindows)
            {
                if (windows.Map is not { } map) return inWindows;
                map.Scatter(ops, inWindows, plain);
                return plain;
            }
        };

        Tensor Saved() => pass.Saved(rows, width);

        Tensor Scratch() => pass.Scratch(rows, width);
    }
}
