namespace Silc;

/// <summary>
/// Text tower, big_vision's <c>text_transformer.py</c>: token and position embeddings, bidirectional pre-norm blocks without a mask
/// (padding is attended to), encoder_norm, the last token, the first, the mean, the largest or attention pooling, a projection to the width
/// of embeddings. Or CLIP's: a causal mask, and the token that ends the caption. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
sealed class TextTransformer
{
    readonly int width, length;
    readonly int? end;
    readonly TextPooling pooling;
    readonly Parameter embedding, positions;
    readonly Transformer transformer;
    readonly MapHead? pool;
    readonly Linear head;

    /// <summary>Declares the parameters <c>txt/…</c>.</summary>
    public TextTransformer(Parameters parameters, SilcConfig config, string name = "txt")
    {
        (width, length) = (config.Text.Width, config.TextLength);
        var init = Inits.Normal(1 / Math.Sqrt(width));
        embedding = parameters.Add($"{name}/Embed_0/embedding", config.VocabSize, width, init);
        positions = parameters.Add($"{name}/pos_embedding", length, width, init);
        transformer = new(parameters, $"{name}/Encoder_0", config.Text);
        pool = config.TextPooling == TextPooling.Map ? new(parameters, $"{name}/MAPHead_0", config.Text) : null;
        pooling = config.TextPooling;
        end = config.TextPooling == TextPooling.End ? config.TextEnd ?? -1 : null;
        head = new(parameters, $"{name}/head", width, config.EmbedDim, Inits.LecunNormal(width), hasBias: config.ProjectionBias);
    }

    /// <summary>Captions to embeddings (B, C of the image tower), not normalised.</summary>
    public (Tensor Y, ParameterPullback Back) Forward(Pass pass, TokenBatch tokens)
    {
        var x = pass.Saved(Tensor.RowsOf(tokens.Batch, length), width);
        pass.Ops.Embed(tokens.Ids, embedding.Value, x);
        pass.Ops.AddBroadcast(positions.Value, x);
        var (pooled, backPooled) = Pooled(pass, x, tokens);
        var (y, backHead) = head.Forward(pass, pooled);
        return (y, new(pass, dy =>
        {
            var dx = backPooled(backHead.Invoke(dy));
            pass.Ops.SumRows(dx, positions.Grad);
            pass.Ops.EmbedBackward(tokens.Ids, tokens.Order, dx, embedding.Grad);
        }
        ));
    }

    (Tensor Y, Func<Tensor, Tensor> Back) Pooled(Pass pass, Tensor x, TokenBatch tokens)
    {
        if (end is { } id)
        {
            var (row, back) = transformer.ForwardPooled(pass, x, tokens.Batch, (pass, x) => Token.End(pass, x, tokens.Ids, tokens.Batch, id));
            return (row, back.Invoke);
        }
        var (encoded, backTransformer) = transformer.ForwardConsuming(pass, x, tokens.Batch);
        var (pooled, backPool) = pool?.Forward(pass, encoded, tokens.Batch) ?? pooling switch
        {
            TextPooling.First => Token.First(pass, encoded, tokens.Batch),
            TextPooling.Mean or TextPooling.Max => Token.Pool(pass, encoded, tokens.Batch, largest: pooling == TextPooling.Max),
            _ => Token.Last(pass, encoded, tokens.Batch),
        };
        return (pooled, dy => backTransformer.Invoke(backPool.Invoke(dy)));
    }
}
