namespace Silc;

/// <summary>
/// Attention of tokens to those of the same image. Images of different lengths (<see cref="Pass.Lengths"/>) lie one after another without padding,
/// and are attended to one by one: what attention with padding and a mask computes, without the padding. Dehghani et al. 2023 (NaViT),
/// arXiv:2307.06304. Threads: one at a time, as for <see cref="Device.Ops"/>.
/// </summary>
static class ImageAttention
{
    /// <summary>Memory for the log-sum-exp of so many queries of an image each, in every head.</summary>
    public static Tensor LogSumExp(Pass pass, int queries, int heads) => pass.Saved(Tensor.RowsOf(queries, heads), 1);

    /// <summary>O of Q (queries of all images), K and V (tokens of all images).</summary>
    public static void Run(Pass pass, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        if (pass.Lengths is null) pass.Ops.Attention(q, k, v, o, lse, batch, heads, causal);
        else foreach (var part in Images(pass.Lengths, q.Rows, batch, heads))
            pass.Ops.Attention(part.Queries(q), part.Tokens(k), part.Tokens(v), part.Queries(o), part.Rows(lse), 1, heads, causal);
    }

    /// <summary>Its gradients.</summary>
    public static void Back(Pass pass, Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch,
        int heads, bool causal = false)
    {
        if (pass.Lengths is null) pass.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
        else foreach (var part in Images(pass.Lengths, q.Rows, batch, heads))
            pass.Ops.AttentionBackward(part.Queries(dO), part.Queries(q), part.Tokens(k), part.Tokens(v), part.Queries(o), part.Rows(lse),
                part.Queries(dQ), part.Tokens(dK), part.Tokens(dV), 1, heads, causal);
    }

    // In self-attention an image has as many queries as tokens, in pooling as many as the others.
    static IEnumerable<OneImage> Images(IReadOnlyList<int> lengths, int queries, int batch, int heads)
    {
        int all = lengths.Sum(), each = queries / batch, query = 0, token = 0;
        foreach (var length in lengths)
        {
            var count = queries == all ? length : each;
            yield return new(query, count, token, length, heads);
            query += count;
            token += length;
        }
    }

    readonly record struct OneImage(int Query, int Count, int Token, int Length, int Heads)
    {
        public Tensor Queries(Tensor of) => of.Slice(Query, Count);

        public Tensor Tokens(Tensor of) => of.Slice(Token, Length);

        public Tensor Rows(Tensor lse) => lse.Slice(Query * Heads, Count * Heads);
    }
}
