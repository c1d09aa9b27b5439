using ILGPU;

namespace Silc;

/// <summary>
/// delta = rowsum(dO ∘ O) over the channels of a head, for the softmax gradient; eight lanes a query. A block takes 64 queries of one head,
/// and each lane has the loads of four queries in flight.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct AttentionDelta<TLoad>(HeadLayout heads, int blocksPerHead) : IKernel where TLoad : struct, IGlobalLoad
{
    const int LanesPerRow = 8, RowStep = Threads / LanesPerRow;

    public const int Threads = 128, Rows = 4 * RowStep;

    public void Execute()
    {
        // Past the last row loads and stores are predicated off, so that the warp does not diverge.
        int lane = Group.IdxX % LanesPerRow, head = Grid.IdxX / blocksPerHead, query = Grid.IdxX % blocksPerHead * Rows + Group.IdxX / LanesPerRow;
        MatrixPointer o = heads.O(head), dO = heads.GradO(head);
        long addressO = Ptx.Hold(o.At(query, 8 * lane)), addressGrad = Ptx.Hold(dO.At(query, 8 * lane));
        long stepO = Ptx.Hold((long)o.Bytes * RowStep * o.Stride), stepGrad = Ptx.Hold((long)dO.Bytes * RowStep * dO.Stride);
        Float8 s0 = default, s1 = default, s2 = default, s3 = default;
        for (int first = 0; first < heads.Size; first += 8 * LanesPerRow)
        {
            int channel = first + 8 * lane;
            Float8 o0 = Read(addressO, query, channel), o1 = Read(addressO + stepO, query + RowStep, channel);
            Float8 o2 = Read(addressO + 2 * stepO, query + 2 * RowStep, channel), o3 = Read(addressO + 3 * stepO, query + 3 * RowStep, channel);
            Float8 d0 = Read(addressGrad, query, channel), d1 = Read(addressGrad + stepGrad, query + RowStep, channel);
            Float8 d2 = Read(addressGrad + 2 * stepGrad, query + 2 * RowStep, channel),
                d3 = Read(addressGrad + 3 * stepGrad, query + 3 * RowStep, channel);
            s0 += o0 * d0;
            s1 += o1 * d1;
            s2 += o2 * d2;
            s3 += o3 * d3;
            addressO += 8 * LanesPerRow * o.Bytes;
            addressGrad += 8 * LanesPerRow * dO.Bytes;
        }
        long delta = heads.Delta(head, query);
        Store(delta, s0, lane, query);
        Store(delta + 4 * RowStep, s1, lane, query + RowStep);
        Store(delta + 8 * RowStep, s2, lane, query + 2 * RowStep);
        Store(delta + 12 * RowStep, s3, lane, query + 3 * RowStep);
    }

    Float8 Read(long address, int query, int channel) => TLoad.Load8(address, query, heads.Queries, channel, heads.Size);

    void Store(long delta, Float8 products, int lane, int query)
    {
        var quad = products.Low + products.High;
        float sum = quad.X + quad.Y + (quad.Z + quad.W);
        sum += Ptx.ShuffleXor(sum, 4);
        sum += Ptx.ShuffleXor(sum, 2);
        sum += Ptx.ShuffleXor(sum, 1);
        Ptx.Store(delta, sum, query, lane == 0 ? heads.Queries : 0);
    }
}
