namespace Silc;

/// <summary>Attention; an item is some heads of one image.</summary>
readonly struct CpuAttentionForward(AttentionArgs attention, int heads) : ICpuWork
{
    public void Run(int item)
    {
        for (int head = item * heads; head < (item + 1) * heads; head++) CpuAttention.Forward(attention, head);
    }
}

/// <summary>Its gradients.</summary>
readonly struct CpuAttentionGrad(AttentionArgs attention, int heads) : ICpuWork
{
    public void Run(int item)
    {
        for (int head = item * heads; head < (item + 1) * heads; head++) CpuAttention.Backward(attention, head);
    }
}

unsafe partial class CpuOps
{
    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        var arguments = Arguments(q, k, v, o, lse, batch, heads, causal);
        var together = HeadsTogether(arguments);
        Device.ForItems(batch * heads / together, new CpuAttentionForward(arguments, together));
    }

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false)
    {
        var arguments = Arguments(q, k, v, o, lse, batch, heads, causal);
        arguments.GradO = Address(dO);
        arguments.LdGradO = dO.Stride;
        arguments.GradQ = Address(dQ);
        arguments.LdGradQ = dQ.Stride;
        arguments.GradK = Address(dK);
        arguments.LdGradK = dK.Stride;
        arguments.GradV = Address(dV);
        arguments.LdGradV = dV.Stride;
        var together = HeadsTogether(arguments);
        Device.ForItems(batch * heads / together, new CpuAttentionGrad(arguments, together));
    }

    // A head of a small image takes a microsecond: to take the next one from another thread would cost a tenth of that.
    static int HeadsTogether(in AttentionArgs t) => (long)t.Queries * t.Keys * t.HeadSize < 32 * 1024 ? t.Heads : 1;

    static AttentionArgs Arguments(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal)
    {
        var (dim, scale, queries, keys) = Sizes(q, k, batch, heads);
        return new()
        {
            Batch = batch,
            Heads = heads,
            Queries = queries,
            Keys = keys,
            HeadSize = dim,
            Scale = scale,
            Causal = causal,
            Q = Address(q),
            LdQ = q.Stride,
            K = Address(k),
            LdK = k.Stride,
            V = Address(v),
            LdV = v.Stride,
            O = Address(o),
            LdO = o.Stride,
            LogSumExp = Address(lse),
        };
    }
}
