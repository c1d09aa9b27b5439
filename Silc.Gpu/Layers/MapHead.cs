namespace Silc;

/// <summary>
/// Multihead attention pooling: one learned probe attends to the tokens, then an MLP with a residual. Lee et al. 2019 (Set Transformer,
/// arXiv:1810.00825); big_vision's <c>MAPHead</c>. (B·T, C) to (B, C). Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class MapHead(Parameters parameters, string name, TowerConfig tower)
{
    readonly int width = tower.Width, heads = tower.Heads, size = tower.Width / tower.Heads;
    readonly Parameter probe = parameters.Add($"{name}/probe", 1, tower.Width, Inits.XavierUniform(1, tower.Width));
    readonly AttentionProjections project = new(parameters, $"{name}/MultiHeadDotProductAttention_0", tower.Width);
    readonly Mlp mlp = new(parameters, $"{name}/LayerNorm_0", $"{name}/MlpBlock_0", tower.Width, tower.MlpDim, tower.Gelu, tower.Epsilon);

    /// <summary>
    /// The pooled output of each token alone, (N, C): out(value(x)), then the MLP with its residual. Patches
    /// thus land in the space of pooled images (Zhou et al. 2022, MaskCLIP, arXiv:2112.01071). For inference.
    /// </summary>
    internal Tensor Values(Pass pass, Tensor x)
    {
        var pooled = pass.Saved(x.Rows, width);
        project.Values(pass, x, pooled);
        return mlp.ForwardConsuming(pass, pooled).Y;
    }

    /// <summary>The same with its pullback, in training.</summary>
    internal (Tensor Y, Pullback Back) ForwardValues(Pass pass, Tensor x)
    {
        var (v, pooled) = (pass.SavedActivation(x.Rows, width), pass.Saved(x.Rows, width));
        project.Value.Run(pass, x, v);
        project.Out.Run(pass, v, pooled);
        var (y, backMlp) = mlp.Forward(pass, pooled);
        return (y, new(pass, x, (dy, dx) =>
        {
            backMlp.Invoke(dy);
            var dv = pass.ScratchActivation(x.Rows, width);
            project.Out.InputGrad(pass, dy, dv);
            project.Out.ParameterGrads(pass, v, dy);
            project.Value.ParameterGrads(pass, x, dv);
            project.Value.InputGrad(pass, dv, dx);
        }
        ));
    }

    /// <summary>
    /// Scores of the tokens for the probe in each head, q·k, (N, H): √D times the logits of the attention's softmax. For inference.
    /// </summary>
    internal Tensor ProbeScores(Pass pass, Tensor x)
    {
        var (scores, query, k) = (pass.Saved(x.Rows, heads), pass.Saved(1, width), pass.Saved(x.Rows, width));
        project.Query.Run(pass, probe.Value, query);
        project.Key.Run(pass, x, k);
        for (int head = 0; head < heads; head++)
            pass.Ops.MatMul(k.Columns(head * size, size), query.Columns(head * size, size), scores.Columns(head, 1), Transpose.B);
        return scores;
    }

    /// <summary>Y (B, C) and its pullback.</summary>
    public (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch) => Forward(pass, x, batch, [probe]);

    /// <summary>
    /// Y (2·B, C), two rows an image: what its own probe and a second one see, with the same keys, values and layers behind (TIPS, arXiv:2410.16512,
    /// whose towers have two class tokens).
    /// </summary>
    public (Tensor Y, Pullback Back) ForwardBoth(Pass pass, Tensor x, int batch, Parameter second) => Forward(pass, x, batch, [probe, second]);

    (Tensor Y, Pullback Back) Forward(Pass pass, Tensor x, int batch, Parameter[] probes)
    {
        // Queries are the same for all images: project the probes once, then repeat them.
        var (count, rows) = (probes.Length, Tensor.RowsOf(batch, probes.Length));
        var (query, q) = (pass.Saved(count, width), pass.SavedActivation(rows, width, size));
        var asked = probes[0].Value;
        if (count > 1)
        {
            asked = pass.Saved(count, width);
            for (int i = 0; i < count; i++) pass.Ops.Copy(probes[i].Value, asked.Slice(i, 1));
        }
        project.Query.Run(pass, asked, query);
        pass.Ops.Copy(new(query.View, batch, count * width, 0), q.Reshape(batch, count * width));
        var kv = pass.SavedActivation(x.Rows, 2 * width, size);
        var (k, v) = (kv.Columns(0, width), kv.Columns(width, width));
        Linear.Run(pass, project.KeyValue, x, kv);
        var (o, lse) = (pass.SavedActivation(rows, width, size), ImageAttention.LogSumExp(pass, rows, heads));
        ImageAttention.Run(pass, q, k, v, o, lse, batch, heads);
        var pooled = pass.Saved(rows, width);
        project.Out.Run(pass, o, pooled);
        var (y, backMlp) = mlp.ForwardConsuming(pass, pooled);
        return (y, new(pass, x, (dy, dx) =>
        {
            // What products read of dY, rounded once.
            var d = pass.AsActivation(dy);
            backMlp.Invoke(dy, d);
            var (dO, dQ) = (pass.ScratchActivation(rows, width, size), pass.ScratchActivation(rows, width, size));
            var (dKv, dQuery) = (pass.ScratchActivation(x.Rows, 2 * width, size), pass.Scratch(count, width));
            var (dK, dV) = (dKv.Columns(0, width), dKv.Columns(width, width));
            project.Out.InputGrad(pass, d, dO);
            ImageAttention.Back(pass, dO, q, k, v, o, lse, dQ, dK, dV, batch, heads);
            pass.Ops.Fill(dQuery, 0);
            pass.Ops.SumRows(dQ.Reshape(batch, count * width), dQuery.Reshape(1, count * width));
            project.Query.ParameterGrads(pass, asked, dQuery);
            for (int i = 0; i < count; i++) project.Query.InputGrad(pass, dQuery.Slice(i, 1), probes[i].Grad, accumulate: true);
            Linear.ParameterGrads(pass, ([project.Out], o, d), (project.KeyValue, x, dKv));
            Linear.InputGrad(pass, project.KeyValue, dKv, dx);
        }
        ));
    }
}
