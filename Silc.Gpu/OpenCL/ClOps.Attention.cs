namespace Silc;

partial class ClOps
{
    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false)
    {
        if (wide) Heads<ClTile12x32>(default, q, k, v, o, lse, q, k, v, batch, heads, causal);
        else Heads<ClTile6x16>(default, q, k, v, o, lse, q, k, v, batch, heads, causal);
    }

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false)
    {
        if (wide) Heads<ClTile12x32>(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
        else Heads<ClTile6x16>(dO, q, k, v, o, lse, dQ, dK, dV, batch, heads, causal);
    }

    void Heads<TTile>(Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV,
        int batch, int heads, bool causal) where TTile : struct, IClTile
    {
        var (size, scale, queries, keys) = Sizes(q, k, batch, heads);
        bool backward = dO.Count > 0;
        var memory = new ClHeadMemory<TTile>(queries, keys, size, Math.Min(queries, ClAttention<TTile>.BlockRows));
        int each = backward ? memory.BackwardFloats : memory.ForwardFloats, blocks = Math.Min(batch * heads, Device.MaxBlocks);
        var scratch = Device.Workspace((long)each * blocks);
        Device.Launch(blocks, 1, new ClAttention<TTile>(At(q, queries), At(k, keys), At(v, keys), At(backward ? dO : o, queries),
            At(dQ, queries), At(dK, keys), At(dV, keys), lse.View, scratch, each, batch, heads, size, scale, backward ? 1 : 0,
                causal ? 1 : 0));

        ClHeads At(Tensor x, int tokens) => new(x.View, x.Stride, tokens, size);
    }
}
