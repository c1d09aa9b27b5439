using ILGPU;

namespace Silc;

/// <summary>
/// delta = Σ dO·o over the channels of a head, one thread a query and head: what a softmax's gradient subtracts.
/// </summary>
readonly struct AttentionDelta(HeadsAt heads, int rows) : IKernel
{
    public void Execute()
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= rows) return;
        int head = i / heads.Queries, query = i % heads.Queries;
        long o = heads.O(head).At(query, 0), dO = heads.GradO(head).At(query, 0);
        float sum = 0;
        for (int channel = 0; channel < heads.Size; channel++) sum += Ptx.Load(o + 4 * channel) * Ptx.Load(dO + 4 * channel);
        Ptx.Store(heads.Delta(head, query), sum);
    }
}
