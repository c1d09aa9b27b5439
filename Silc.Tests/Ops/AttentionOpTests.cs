namespace Silc.Tests;

[TestClass]
public sealed class AttentionOpTests
{
    // Images, heads, queries, keys, channels of a head. One query is the pooling head's; 300 keys are more than a block has threads.
    static readonly (int Batch, int Heads, int Queries, int Keys, int Size)[] Sizes =
        [(1, 1, 1, 1, 1), (2, 3, 7, 7, 5), (1, 2, 33, 33, 4), (3, 1, 1, 130, 3), (1, 2, 2, 300, 2)];

    // Self-attention; 130 are more than a block of queries, 300 more than a group's lanes, and 16 channels fit vectors and tiles.
    static readonly (int Batch, int Heads, int Tokens, int Size)[] CausalSizes = [(1, 1, 1, 1), (2, 3, 7, 5), (1, 2, 33, 4), (1, 1, 130, 16),
        (1, 1, 300, 2), (2, 1, 77, 32), (2, 2, 36, 16), (1, 2, 5, 16)];

    [TestMethod, EveryDevice]
    public void Causal_attention(string device) => OpTest.Run(device, t =>
    {
        foreach (var gap in new[] { 0, 11 })
            foreach (var (batch, heads, tokens, size) in CausalSizes)
            {
                int rows = batch * tokens, width = heads * size;
                DeviceMatrix q = t.Random(rows, width, 4, gap), k = t.Random(rows, width, 4, 2 * gap), v = t.Random(rows, width, 1, gap);
                DeviceMatrix o = t.Output(rows, width, gap), lse = t.Output(batch * heads, tokens);
                t.Ops.Attention(q, k, v, o, lse, batch, heads, causal: true);
                t.Check(o, Close.Chained, () => Naive.Attention(q, k, v, batch, heads, causal: true).O, "o");
                t.Check(lse, Close.Chained, () => Naive.Attention(q, k, v, batch, heads, causal: true).LogSumExp, "log-sum-exp");
            }
    });

    [TestMethod, EveryDevice]
    public void Causal_attention_backward(string device) => OpTest.Run(device, t =>
    {
        foreach (var gap in new[] { 0, 11 })
            foreach (var (batch, heads, tokens, size) in CausalSizes.Where(sizes => sizes.Tokens < 130))
            {
                int rows = batch * tokens, width = heads * size;
                DeviceMatrix q = t.Random(rows, width, 2, gap), k = t.Random(rows, width, 2, 2 * gap), v = t.Random(rows, width, 1, gap);
                var (forward, logs) = Naive.Attention(q, k, v, batch, heads, causal: true);
                DeviceMatrix o = t.Fixed(forward, gap), lse = t.Fixed(logs), dO = t.Random(rows, width, 1, gap);
                DeviceMatrix dQ = t.Output(rows, width, gap), dK = t.Output(rows, width, 2 * gap), dV = t.Output(rows, width, gap);
                t.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal: true);
                t.Check(dV, Close.Chained, () => Naive.AttentionGrad(dO, q, k, v, batch, heads, causal: true).V, "dV");
                if (tokens == 1) continue;        // a softmax of one score is 1 whatever the score
                t.Check(dQ, Close.Chained, () => Naive.AttentionGrad(dO, q, k, v, batch, heads, causal: true).Q, "dQ");
                t.Check(dK, Close.Chained, () => Naive.AttentionGrad(dO, q, k, v, batch, heads, causal: true).K, "dK");
                if (tokens == 7) t.Check(dK, Close.Chained,
                    () => Numeric.Pullback(dO, k, at => Naive.Attention(q, at, v, batch, heads, causal: true).O), "dK");
            }
    });

    [TestMethod, EveryDevice]
    public void Attention(string device) => OpTest.Run(device, t =>
    {
        foreach (var gap in new[] { 0, 11 })
            foreach (var (batch, heads, queries, keys, size) in Sizes)
            {
                int width = heads * size;
                DeviceMatrix q = t.Random(batch * queries, width, 4, gap),
                    k = t.Random(batch * keys, width, 4, 2 * gap), v = t.Random(batch * keys, width, 1, gap);
                DeviceMatrix o = t.Output(batch * queries, width, gap), lse = t.Output(batch * heads, queries);
                t.Ops.Attention(q, k, v, o, lse, batch, heads);
                t.Check(o, Close.Chained, () => Naive.Attention(q, k, v, batch, heads).O, "o");
                t.Check(lse, Close.Chained, () => Naive.Attention(q, k, v, batch, heads).LogSumExp, "log-sum-exp");
            }
    });

    [TestMethod, EveryDevice]
    public void AttentionBackward(string device) => OpTest.Run(device, t =>
    {
        foreach (var gap in new[] { 0, 11 })
            foreach (var (batch, heads, queries, keys, size) in Sizes)
            {
                int width = heads * size;
                DeviceMatrix q = t.Random(batch * queries, width, 2, gap),
                    k = t.Random(batch * keys, width, 2, 2 * gap), v = t.Random(batch * keys, width, 1, gap);
                var (forward, logs) = Naive.Attention(q, k, v, batch, heads);
                DeviceMatrix o = t.Fixed(forward, gap), lse = t.Fixed(logs), dO = t.Random(batch * queries, width, 1, gap);
                DeviceMatrix dQ = t.Output(batch * queries, width, gap),
                    dK = t.Output(batch * keys, width, 2 * gap), dV = t.Output(batch * keys, width, gap);
                t.Ops.AttentionBackward(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads);
                t.Check(dV, Close.Chained, () => Numeric.Pullback(dO, v, at => Naive.Attention(q, k, at, batch, heads).O), "dV");
                if (keys == 1) continue;        // a softmax of one score is 1 whatever the score
                t.Check(dQ, Close.Chained, () => Numeric.Pullback(dO, q, at => Naive.Attention(at, k, v, batch, heads).O), "dQ");
                t.Check(dK, Close.Chained, () => Numeric.Pullback(dO, k, at => Naive.Attention(q, at, v, batch, heads).O), "dK");
            }
    });

    [TestMethod, EveryDevice]
    public void Scores_far_from_zero_do_not_overflow(string device) => OpTest.Run(device, t =>
    {
        DeviceMatrix q = t.Random(9, 8, 100), k = t.Random(9, 8, 100), v = t.Random(9, 8), o = t.Output(9, 8), lse = t.Output(2, 9);
        t.Ops.Attention(q, k, v, o, lse, 1, 2);
        t.Check(o, Close.LargeExponents, () => Naive.Attention(q, k, v, 1, 2).O);
    });
}
