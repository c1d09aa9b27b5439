namespace Silc;

/// <summary>What a detection head says of every token, before any sigmoid.</summary>
/// <param name="Embedding">Class embedding (N, E), of length 1.</param>
/// <param name="Shift">Added to its cosines with names, (N, 1).</param>
/// <param name="Scale">elu + 1 of it is their factor, (N, 1).</param>
/// <param name="Boxes">Logits of centre and size, (N, 4).</param>
/// <param name="Objectness">Logit of there being anything, (N, 1).</param>
readonly record struct OwlOutputs(Tensor Embedding, Tensor Shift, Tensor Scale, Tensor Boxes, Tensor Objectness);

/// <summary>
/// OWL-ViT's heads over tokens (B·N, D): with a block, positions and a pre-norm transformer block first; then x = norm(tokens); a class
/// embedding, which begins at the aligned features, a box whose bias is its cell, and OWLv2's objectness, which leaves no gradient in x.
/// Minderer et al., arXiv:2205.06230 and 2306.09683. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class OwlLayers
{
    // The probability of a name that nobody has seen.
    const double Rare = 0.01;
    const float Epsilon = 1e-6f;

    readonly DetectionConfig config;
    readonly Parameter? positions;
    readonly SelfAttention? attention;
    readonly Mlp? mlp;
    readonly LayerNorm norm;
    readonly Linear embed, shift, scale;
    readonly OwlMlp box, objectness;
    readonly Func<Tensor> cells;

    /// <param name="parameters">Where they are declared.</param>
    /// <param name="width">Channels D of tokens.</param>
    /// <param name="embedDim">Channels E of texts.</param>
    /// <param name="grid">Tokens along a side.</param>
    /// <param name="config">Sizes.</param>
    public OwlLayers(Parameters parameters, int width, int embedDim, int grid, DetectionConfig config)
    {
        config.Check(width);
        this.config = config;
        if (config.Block)
        {
            const string Block = "owl/block";
            positions = parameters.Add("owl/positions", grid * grid, width, Inits.Normal(0.02));
            attention = new(parameters, $"{Block}/LayerNorm_0", $"{Block}/MultiHeadDotProductAttention_0", width, config.Heads);
            mlp = new(parameters, $"{Block}/LayerNorm_1", $"{Block}/MlpBlock_0", width, 4 * width);
        }
        norm = new(parameters, "owl/merge_norm", width);
        embed = new(parameters, "owl/class/embed", width, embedDim, config.Aligned ? Inits.Zeros : Inits.Normal(1e-6));
        shift = new(parameters, "owl/class/shift", width, 1, Inits.Zeros, Inits.Constant(Math.Log(Rare / (1 - Rare))));
        scale = new(parameters, "owl/class/scale", width, 1, Inits.Zeros);
        box = new(parameters, "owl/box", width, 4);
        objectness = new(parameters, "owl/objectness", width, 1);
        Tensor? table = null;
        cells = () => table ??= parameters.Constant(Cells(grid), grid * grid, 4);
    }

    /// <summary>Logits of the box of each cell (grid², 4): its lower right corner, as OWL-ViT has it, and its size.</summary>
    internal static float[] Cells(int grid)
    {
        static float Logit(double share) => (float)(Math.Log(share + 1e-4) - Math.Log(1 - share + 1e-4));
        return [.. Enumerable.Range(0, grid * grid).SelectMany(i => (float[])
            [Logit((i % grid + 1.0) / grid), Logit((i / grid + 1.0) / grid), Logit(1.0 / grid), Logit(1.0 / grid)])];
    }

    /// <summary>The outputs, and a backward of the gradients of embedding, shift, scale, boxes and objectness to the parameters.</summary>
    /// <param name="pass">Memory.</param>
    /// <param name="tokens">(B·N, D), standardised; left as they are.</param>
    /// <param name="aligned">Patches in the space of texts, (B·N, E).</param>
    /// <param name="batch">Images B.</param>
    /// <param name="gradients">Take those of tokens and aligned patches; null where nothing wants them.</param>
    public (OwlOutputs Outputs, Action<OwlOutputs> Back) Forward(Pass pass, Tensor tokens, Tensor aligned, int batch, Tensor[]? gradients = null)
    {
        var ops = pass.Ops;
        var x = tokens;
        InPlacePullback? backAttention = null, backMlp = null;
        if (config.Block)
        {
            x = pass.Saved(tokens.Rows, tokens.Cols);
            ops.Copy(tokens, x);
            ops.AddBroadcast(positions!.Value, x);
            (x, backAttention) = attention!.Forward(pass, x, batch);
            (x, backMlp) = mlp!.Forward(pass, x);
        }
        var (n, backNorm) = norm.Forward(pass, x);
        int rows = n.Rows;
        Tensor moved = pass.Saved(rows, embed.Outputs), unit = pass.Saved(rows, embed.Outputs), norms = pass.Saved(rows, 1);
        embed.Run(pass, n, moved, addend: config.Aligned ? aligned : default);
        ops.L2Normalize(moved, unit, norms, Epsilon);
        Tensor shifts = pass.Saved(rows, 1), scales = pass.Saved(rows, 1);
        shift.Run(pass, n, shifts);
        scale.Run(pass, n, scales);
        var (boxes, backBox) = box.Forward(pass, n);
        ops.AddBroadcast(cells(), boxes);
        var (things, backThings) = objectness.Forward(pass, n);
        return (new(unit, shifts, scales, boxes, things), d =>
        {
            using var _ = pass.BackwardFrame();
            Tensor dMoved = pass.Scratch(rows, embed.Outputs), dn = pass.Scratch(rows, n.Cols);
            ops.L2NormalizeBackward(d.Embedding, unit, norms, dMoved, Epsilon);
            embed.ParameterGrads(pass, n, dMoved);
            embed.InputGrad(pass, dMoved, dn);
            foreach (var (layer, gradient) in new[] { (shift, d.Shift), (scale, d.Scale) })
            {
                layer.ParameterGrads(pass, n, gradient);
                layer.InputGrad(pass, gradient, dn, accumulate: true);
            }
            backBox(d.Boxes, dn);
            backThings(d.Objectness, default);
            var dx = backNorm.Invoke(dn);
            backMlp?.Invoke(dx);
            backAttention?.Invoke(dx);
            if (config.Block) ops.SumRows(dx, positions!.Grad);
            if (gradients is null) return;
            ops.Copy(dx, gradients[0]);
            if (config.Aligned) ops.Copy(dMoved, gradients[1]);
            else ops.Fill(gradients[1], 0);
        }
        );
    }
}
