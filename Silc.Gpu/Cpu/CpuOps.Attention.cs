namespace Silc;

/// <summary>Attention; an item is one image and head.</summary>
readonly struct CpuAttentionForward(AttentionArgs attention) : ICpuWork
{
    public void Run(int item) => CpuAttention.Forward(attention, item);
}

/// <summary>Its gradients.</summary>
readonly struct CpuAttentionGrad(AttentionArgs attention) : ICpuWork
{
    public void Run(int item) => CpuAttention.Backward(attention, item);
}

unsafe partial class CpuOps
{
    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        var arguments = Arguments(q, k, v, o, lse, batch, heads, causal);
        Device.ForItems(batch * heads, new CpuAttentionForward(arguments));
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
        Device.ForItems(batch * heads, new CpuAttentionGrad(arguments));
    }

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
