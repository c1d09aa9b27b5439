using ILGPU;

namespace Silc;

/// <summary>
/// delta = Σ dO·o over the channels of a head, eight lanes a query and head: what a softmax's gradient subtracts.
/// </summary>
readonly struct AttentionDelta<TReads>(HeadsAt heads, int rows) : IKernel where TReads : struct, IReads
{
    const int Lanes = 8;

    public const int Threads = 128, Rows = Threads / Lanes;

    public void Execute()
    {
        // Behind the last row nothing is read or stored, but the warp stays together.
        int lane = Group.IdxX % Lanes, i = Grid.IdxX * Rows + Group.IdxX / Lanes;
        int head = i / heads.Queries, query = i % heads.Queries;
        MatrixAt o = heads.O(head), dO = heads.GradO(head);
        Float4 sums = default;
        for (int channel = 4 * lane; channel < heads.Size; channel += 4 * Lanes)
            sums += TReads.Four(o.At(query, channel), i, rows, channel, heads.Size)
                * TReads.Four(dO.At(query, channel), i, rows, channel, heads.Size);
        float sum = sums.X + sums.Y + (sums.Z + sums.W);
        sum += Ptx.ShuffleXor(sum, 4);
        sum += Ptx.ShuffleXor(sum, 2);
        sum += Ptx.ShuffleXor(sum, 1);
        Ptx.Store(heads.Delta(head, query), sum, i, lane == 0 ? rows : 0);
    }
}
