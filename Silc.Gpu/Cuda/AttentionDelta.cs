using ILGPU;

namespace Silc;

/// <summary>
/// delta = Σ dO·o over the channels of a head, one thread a query and head: what a softmax's gradient subtracts.
/// </summary>
readonly struct AttentionDelta<TReads>(HeadsAt heads, int rows) : IKernel where TReads : struct, IReads
{
    public void Execute()
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= rows) return;
        int head = i / heads.Queries, query = i % heads.Queries;
        MatrixAt o = heads.O(head), dO = heads.GradO(head);
        Float4 sums = default;
        for (int channel = 0; channel < heads.Size; channel += 4)
            sums += TReads.Four(o.At(query, channel), query, heads.Queries, channel, heads.Size)
                * TReads.Four(dO.At(query, channel), query, heads.Queries, channel, heads.Size);
        Ptx.Store(heads.Delta(head, query), sums.X + sums.Y + (sums.Z + sums.W));
    }
}
