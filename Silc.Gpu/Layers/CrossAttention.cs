namespace Silc;

/// <summary>
/// Y = X + out(attention(query(norm(X)), key(Z), value(Z))): the half of a decoder's pre-norm block that looks at the tokens Z of an image, as they
/// are and in their own width. Z is data, unless the gradient of it is asked for. Vaswani et al. 2017, arXiv:1706.03762. Threads: one at a time, as
/// for <see cref="Device.Ops"/>.
/// </summary>
/// <param name="parameters">Where they are declared.</param>
/// <param name="norm">Name of the norm.</param>
/// <param name="name">Name of the projections.</param>
/// <param name="width">Channels C of X.</param>
/// <param name="heads">Attention heads; they divide <paramref name="width"/>.</param>
/// <param name="source">Channels D of Z.</param>
sealed class CrossAttention(Parameters parameters, string norm, string name, int width, int heads, int source)
{
    readonly LayerNorm norm = new(parameters, norm, width);
    readonly Linear query = new(parameters, $"{name}/query", width, width, Inits.XavierUniform(width, width));
    readonly Linear key = new(parameters, $"{name}/key", source, width, Inits.XavierUniform(source, width));
    readonly Linear value = new(parameters, $"{name}/value", source, width, Inits.XavierUniform(source, width));
    readonly Linear output = new(parameters, $"{name}/out", width, width, Inits.XavierUniform(width, width));

    /// <summary>
    /// Y (B·T, C) and its pullback, which adds into dY, and to <paramref name="dZ"/>, if given; X is (B·T, C), Z (B·S, D).
    /// </summary>
    public (Tensor Y, InPlacePullback Back) Forward(Pass pass, Tensor x, Tensor z, int batch, Tensor dZ = default)
    {
        var (n, backNorm) = norm.ForwardAdding(pass, x);
        Tensor q = pass.Saved(x.Rows, width), o = pass.Saved(x.Rows, width), y = pass.Saved(x.Rows, width);
        Tensor k = pass.Saved(z.Rows, width), v = pass.Saved(z.Rows, width), lse = pass.Saved(batch * heads, x.Rows / batch);
        query.Run(pass, n, q);
        Source(pass, z, k, v);
        pass.Ops.Attention(q, k, v, o, lse, batch, heads);
        output.Run(pass, o, y, addend: x);
        return (y, new(pass, (dy, d) =>
        {
            Tensor dO = pass.Scratch(x.Rows, width), dQ = pass.Scratch(x.Rows, width), dn = pass.Scratch(x.Rows, width);
            Tensor dK = pass.Scratch(z.Rows, width), dV = pass.Scratch(z.Rows, width);
            output.InputGrad(pass, d, dO);
            output.ParameterGrads(pass, o, d);
            pass.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads);
            key.ParameterGrads(pass, z, dK);
            value.ParameterGrads(pass, z, dV);
            if (dZ.Count > 0)
                foreach (var (layer, dOut) in new[] { (key, dK), (value, dV) })
                    using (pass.Frame())
                    {
                        var part = pass.Scratch(z.Rows, z.Cols);
                        layer.InputGrad(pass, dOut, part);
                        pass.Ops.Add(part, dZ);
                    }
            query.ParameterGrads(pass, n, dQ);
            query.InputGrad(pass, dQ, dn);
            backNorm(dn, dy, true, d.DType == dy.DType ? default : d);
        }
        ));
    }

    /// <summary>Keys and values (B·S, C) of Z, the same for every token that will ask.</summary>
    internal void Source(Pass pass, Tensor z, Tensor keys, Tensor values)
    {
        key.Run(pass, z, keys);
        value.Run(pass, z, values);
    }

    /// <summary>Y (B·T, C) from keys and values that are there already. For inference.</summary>
    internal Tensor Ask(Pass pass, Tensor x, Tensor keys, Tensor values, int batch)
    {
        var n = norm.Forward(pass, x).Y;
        Tensor q = pass.Saved(x.Rows, width), o = pass.Saved(x.Rows, width), y = pass.Saved(x.Rows, width);
        query.Run(pass, n, q);
        pass.Ops.Attention(q, keys, values, o, pass.Saved(batch * heads, x.Rows / batch), batch, heads);
        output.Run(pass, o, y, addend: x);
        return y;
    }
}
