using ILGPU;

namespace Silc;

/// <summary>
/// delta = Σ dO·o over the channels of a head, eight lanes a query: what a softmax's gradient subtracts. A group takes 64 queries of one
/// head of an image, so that the head is found once, and each lane has four queries on their way at once.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct AttentionDelta<TReads>(HeadLayout heads, int groupsOfHead) : IKernel where TReads : struct, IGlobalLoad
{
    const int Lanes = 8, Apart = Threads / Lanes;

    public const int Threads = 128, Rows = 4 * Apart;

    public void Execute()
    {
        // Behind the last row nothing is read or stored, but the warp stays together.
        int lane = Group.IdxX % Lanes, head = Grid.IdxX / groupsOfHead, query = Grid.IdxX % groupsOfHead * Rows + Group.IdxX / Lanes;
        MatrixPointer o = heads.O(head), dO = heads.GradO(head);
        long ofO = Ptx.Hold(o.At(query, 8 * lane)), ofGrad = Ptx.Hold(dO.At(query, 8 * lane));
        long nextO = Ptx.Hold((long)o.Bytes * Apart * o.Stride), nextGrad = Ptx.Hold((long)dO.Bytes * Apart * dO.Stride);
        Float8 s0 = default, s1 = default, s2 = default, s3 = default;
        for (int first = 0; first < heads.Size; first += 8 * Lanes)
        {
            int channel = first + 8 * lane;
            Float8 o0 = Read(ofO, query, channel), o1 = Read(ofO + nextO, query + Apart, channel);
            Float8 o2 = Read(ofO + 2 * nextO, query + 2 * Apart, channel), o3 = Read(ofO + 3 * nextO, query + 3 * Apart, channel);
            Float8 d0 = Read(ofGrad, query, channel), d1 = Read(ofGrad + nextGrad, query + Apart, channel);
            Float8 d2 = Read(ofGrad + 2 * nextGrad, query + 2 * Apart, channel), d3 = Read(ofGrad + 3 * nextGrad, query + 3 * Apart, channel);
            s0 += o0 * d0;
            s1 += o1 * d1;
            s2 += o2 * d2;
            s3 += o3 * d3;
            ofO += 8 * Lanes * o.Bytes;
            ofGrad += 8 * Lanes * dO.Bytes;
        }
        long delta = heads.Delta(head, query);
        Store(delta, s0, lane, query);
        Store(delta + 4 * Apart, s1, lane, query + Apart);
        Store(delta + 8 * Apart, s2, lane, query + 2 * Apart);
        Store(delta + 12 * Apart, s3, lane, query + 3 * Apart);
    }

    Float8 Read(long address, int query, int channel) => TReads.Eight(address, query, heads.Queries, channel, heads.Size);

    void Store(long delta, Float8 products, int lane, int query)
    {
        var fours = products.Low + products.High;
        float sum = fours.X + fours.Y + (fours.Z + fours.W);
        sum += Ptx.ShuffleXor(sum, 4);
        sum += Ptx.ShuffleXor(sum, 2);
        sum += Ptx.ShuffleXor(sum, 1);
        Ptx.Store(delta, sum, query, lane == 0 ? heads.Queries : 0);
    }
}
