namespace Silc;

/// <summary>The four projections of multi-head attention, with big_vision's names and (C, H, D) shapes.</summary>
sealed class AttentionProjections
{
    public readonly Linear Query, Key, Value, Out;

    /// <summary>Layers of one input whose outputs lie side by side.</summary>
    public readonly Linear[] KeyValue, QueryKeyValue;

    readonly int width;

    public AttentionProjections(Parameters parameters, string name, int width, (string Name, double Init)? layerScale = null)
    {
        this.width = width;
        Query = In(parameters, $"{name}/query", width);
        Key = In(parameters, $"{name}/key", width);
        Value = In(parameters, $"{name}/value", width);
        Out = new(parameters, $"{name}/out", width, width, Inits.XavierUniform(width, width), gain: layerScale);
        Linear.Pack(Query, Key, Value);
        (KeyValue, QueryKeyValue) = ([Key, Value], [Query, Key, Value]);
    }

    /// <summary>y = out(value(x)) + addend: attention in which every token attends to itself alone.</summary>
    public void Values(Pass pass, Tensor x, Tensor y, Tensor addend = default)
    {
        using var _ = pass.Frame();
        var v = pass.ScratchActivation(x.Rows, width);
        Value.Run(pass, x, v);
        Out.Run(pass, v, y, addend);
    }

    static Linear In(Parameters parameters, string name, int width) =>
        new(parameters, name, width, width, Inits.XavierUniform(width, width));
}

/// <summary>
/// Y = X + out(attention(norm(X))): the attention half of a pre-norm transformer block; with <paramref name="causal"/> a token
/// attends to itself and those before it alone; with <paramref name="qkNorm"/> a <see cref="HeadNorm"/> stands between the projections of
/// query and key and their product. Vaswani et al. 2017, arXiv:1706.03762. Keeps norm(X), Q|K|V side by side, the heads' output and the
/// log-sum-exp of each row of scores. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class SelfAttention(Parameters parameters, string norm, string name, int width, int heads, double epsilon = 1e-6, bool causal = false,
    bool qkNorm = false, (string Name, double Init)? layerScale = null)
{
    readonly int head = width / heads;
    readonly LayerNorm norm = new(parameters, norm, width, epsilon);
    readonly AttentionProjections project = new(parameters, name, width, layerScale);
    readonly (HeadNorm Query, HeadNorm Key)? norms = qkNorm
        ? (new(parameters, $"{name}/query_norm", width, heads, epsilon), new(parameters, $"{name}/key_norm", width, heads, epsilon)) : null;

    /// <summary>Y (B·T, C) and its pullback, which adds into dY. X is (B·T, C).</summary>
    public (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, int batch) => Forward(pass, x, batch, pass.Saved(x.Rows, width), causal);

    /// <summary>The same with or without a look ahead, for a layer that was made causal and without norms of queries and keys.</summary>
    internal (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, int batch, bool causal) =>
        Forward(pass, x, batch, pass.Saved(x.Rows, width), causal);

    /// <summary>As <see cref="Mlp.ForwardConsuming"/>.</summary>
    internal (Tensor Y, InPlacePullback Back) ForwardConsuming(Pass pass, Tensor x, int batch) =>
        pass.Training ? Forward(pass, x, batch) : Forward(pass, x, batch, x, causal);

    (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, int batch, Tensor y, bool causal)
    {
        if (norms is { } both) return ForwardNormed(pass, x, batch, y, both.Query, both.Key);
        var (n, backNorm) = norm.ForwardAdding(pass, x);
        var qkv = Saved(pass, x.Rows, 3 * width);
        var (q, k, v) = Split(qkv);
        var (o, lse) = (Saved(pass, x.Rows, width), ImageAttention.LogSumExp(pass, x.Rows, heads));
        Linear.Run(pass, project.QueryKeyValue, n, qkv);
        ImageAttention.Run(pass, q, k, v, o, lse, batch, heads, causal);
        project.Out.Run(pass, o, y, addend: x);
        return (y, new(pass, (dy, d) =>
        {
            var (dO, dQkv) = (Scratch(pass, x.Rows, width), Scratch(pass, x.Rows, 3 * width));
            var dn = Scratch(pass, x.Rows, width);
            var (dQ, dK, dV) = Split(dQkv);
            project.Out.InputGrad(pass, d, dO);
            ImageAttention.Back(pass, dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
            Linear.ParameterGrads(pass, ([project.Out], o, d), (project.QueryKeyValue, n, dQkv));
            Linear.InputGrad(pass, project.QueryKeyValue, dQkv, dn);
            backNorm(dn, dy, true, d.DType == dy.DType ? default : d);
        }
        ));
    }

    // Query and key have memory of their own, whose heads are rows of the norms, so that the three projections are three products.
    (Tensor Y, InPlacePullback Back) ForwardNormed(Pass pass, Tensor x, int batch, Tensor y, HeadNorm ofQuery, HeadNorm ofKey)
    {
        int rows = x.Rows;
        var (n, backNorm) = norm.ForwardAdding(pass, x);
        var (projectedQ, projectedK) = (pass.Saved(rows, width), pass.Saved(rows, width));
        var (q, k, v, o) = (Saved(pass, rows, width), Saved(pass, rows, width), Saved(pass, rows, width), Saved(pass, rows, width));
        var lse = ImageAttention.LogSumExp(pass, rows, heads);
        project.Query.Run(pass, n, projectedQ);
        project.Key.Run(pass, n, projectedK);
        project.Value.Run(pass, n, v);
        var (backQ, backK) = (ofQuery.Forward(pass, projectedQ, q), ofKey.Forward(pass, projectedK, k));
        ImageAttention.Run(pass, q, k, v, o, lse, batch, heads, causal);
        project.Out.Run(pass, o, y, addend: x);
        return (y, new(pass, (dy, d) =>
        {
            var (dQ, dK, dV) = (Scratch(pass, rows, width), Scratch(pass, rows, width), Scratch(pass, rows, width));
            using (pass.Frame())
            {
                var dO = Scratch(pass, rows, width);
                project.Out.InputGrad(pass, d, dO);
                project.Out.ParameterGrads(pass, o, d);
                ImageAttention.Back(pass, dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
            }
            // Float32: a sum of three that is rounded once, by its reader.
            var (dn, dProjected) = (pass.Scratch(rows, width), pass.Scratch(rows, width));
            project.Value.ParameterGrads(pass, n, dV);
            project.Value.InputGrad(pass, dV, dn);
            backQ(dQ, dProjected);
            project.Query.ParameterGrads(pass, n, dProjected);
            project.Query.InputGrad(pass, dProjected, dn, accumulate: true);
            backK(dK, dProjected);
            project.Key.ParameterGrads(pass, n, dProjected);
            project.Key.InputGrad(pass, dProjected, dn, accumulate: true);
            backNorm(dn, dy, true, d.DType == dy.DType ? default : d);
        }
        ));
    }

    /// <summary>
    /// Y (R, C) for the next token of R sequences: row r asks the tokens before it in its sequence and itself. Keys and values are rows
    /// r · <paramref name="length"/> to r · <paramref name="length"/> + <paramref name="at"/> of memory of the caller's, (R · length, C); those of
    /// this token are added. For inference, without norms of query and key.
    /// </summary>
    internal Tensor Next(Pass pass, Tensor x, Tensor keys, Tensor values, int length, int at)
    {
        if (norms is not null) throw new InvalidOperationException("a sequence is not continued with norms of query and key");
        var n = norm.Forward(pass, x).Y;
        Tensor qkv = pass.Saved(x.Rows, 3 * width), o = pass.Saved(x.Rows, width), y = pass.Saved(x.Rows, width), lse = pass.Saved(heads, 1);
        var (q, k, v) = Split(qkv);
        Linear.Run(pass, project.QueryKeyValue, n, qkv);
        for (int r = 0; r < x.Rows; r++)
        {
            pass.Ops.Copy(k.Slice(r, 1), keys.Slice(r * length + at, 1));
            pass.Ops.Copy(v.Slice(r, 1), values.Slice(r * length + at, 1));
            pass.Ops.Attention(q.Slice(r, 1), keys.Slice(r * length, at + 1), values.Slice(r * length, at + 1), o.Slice(r, 1), lse, 1, heads);
        }
        project.Out.Run(pass, o, y, addend: x);
        return y;
    }

    /// <summary>X + out(value(norm(X))), in the place of X: the block without its mixing of tokens. For inference.</summary>
    internal Tensor ValuesConsuming(Pass pass, Tensor x)
    {
        project.Values(pass, norm.Forward(pass, x).Y, x, addend: x);
        return x;
    }

    /// <summary>What the tokens are asked by, (B·T, C), all heads side by side, float32. For inference.</summary>
    internal Tensor Keys(Pass pass, Tensor x)
    {
        var (n, k) = (norm.Forward(pass, x).Y, pass.Saved(x.Rows, width));
        project.Key.Run(pass, n, k);
        if (norms is not { } both) return k;
        var y = pass.Saved(x.Rows, width);
        both.Key.Forward(pass, k, y);
        return y;
    }

    /// <summary>
    /// Scores of the tokens for the first one as query, q·k in each head, (B·(T -
    /// 1), H): √D times the logits of a class token's attention. For inference.
    /// </summary>
    internal Tensor ScoresOfFirst(Pass pass, Tensor x, int batch)
    {
        int tokens = x.Rows / batch;
        var scores = pass.Saved(batch * (tokens - 1), heads);
        var n = norm.Forward(pass, x).Y;
        var (q, k) = (pass.Saved(x.Rows, width), pass.Saved(x.Rows, width));
        project.Query.Run(pass, n, q);
        project.Key.Run(pass, n, k);
        if (norms is { } both)
        {
            var (projectedQ, projectedK) = (q, k);
            (q, k) = (pass.Saved(x.Rows, width), pass.Saved(x.Rows, width));
            both.Query.Forward(pass, projectedQ, q);
            both.Key.Forward(pass, projectedK, k);
        }
        for (int image = 0; image < batch; image++)
            for (int h = 0; h < heads; h++)
                pass.Ops.MatMul(k.Slice(image * tokens + 1, tokens - 1).Columns(h * head, head), q.Slice(image * tokens, 1).Columns(h * head, head),
                    scores.Slice(image * (tokens - 1), tokens - 1).Columns(h, 1), Transpose.B);
        return scores;
    }

    // Masked attention has kernels for float32 alone.
    Tensor Saved(Pass pass, int rows, int cols) => causal ? pass.Saved(rows, cols) : pass.SavedActivation(rows, cols, head);

    Tensor Scratch(Pass pass, int rows, int cols) => causal ? pass.Scratch(rows, cols) : pass.ScratchActivation(rows, cols, head);

    (Tensor Q, Tensor K, Tensor V) Split(Tensor qkv) => (qkv.Columns(0, width), qkv.Columns(width, width), qkv.Columns(2 * width, width));
}
