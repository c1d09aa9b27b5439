using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// o = softmax(q·kᵀ·scale)·v without the scores ever leaving the registers: keys and values pass by 32 at a time, and sums so far
/// are scaled down when a larger score comes. A group takes 64 queries, a warp 16. Dao et al. 2022, arXiv:2205.14135.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttention<TMma, TSize, TReads, TValues>(HeadLayout heads, EpilogueShape cells, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IGlobalLoad where TValues : struct, IQuadAccess
{
    public const int Threads = 128, Rows = 64;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocks, first = Grid.IdxX % blocks * Rows;
        HeadTile<TMma, TSize, TReads> q = new(Ptx.Shared(HeadTile<TMma, TSize, TReads>.Bytes(Rows + 2 * HeadLayout.Passing)));
        HeadTile<TMma, TSize, TReads> k = q.Behind(Rows), v = k.Behind(HeadLayout.Passing);
        MatrixPointer keys = heads.K(head), values = heads.V(head);
        q.Copy(heads.Q(head), first, Rows, heads.Queries, heads.Size, thread, Threads);

        float peak = float.MinValue, peakBelow = float.MinValue, sum = 0, sumBelow = 0;
        HeadAccumulators<TMma, TSize, TReads> o = default;
        for (int key = 0; key < heads.Keys; key += HeadLayout.Passing)
        {
            k.Copy(keys, key, HeadLayout.Passing, heads.Keys, heads.Size, thread, Threads);
            v.Copy(values, key, HeadLayout.Passing, heads.Keys, heads.Size, thread, Threads);
            Ptx.Barrier();
            var s = ScoreMath.Scaled(q.Products(row, k, lane), heads.Scale * ScoreMath.Log2E, key, heads.Keys, lane);
            float higher = XMath.Max(peak, ScoreMath.RowPeak(s)), higherBelow = XMath.Max(peakBelow, ScoreMath.RowBelowPeak(s));
            float fade = Ptx.Exp2(peak - higher), fadeBelow = Ptx.Exp2(peakBelow - higherBelow);
            var p = ScoreMath.Exp2(s, higher, higherBelow);
            sum = sum * fade + ScoreMath.RowSum(p);
            sumBelow = sumBelow * fadeBelow + ScoreMath.RowBelowSum(p);
            o = o.Scale(fade, fadeBelow).Add(p, v, lane);
            (peak, peakBelow) = (higher, higherBelow);
            Ptx.Barrier();
        }

        sum = ScoreMath.SumAcrossGroup(sum);
        sumBelow = ScoreMath.SumAcrossGroup(sumBelow);
        // One lane of a group stores; predicated, so that the warp stays together.
        int query = first + row + FragmentLayout.SumRow(lane, 0), queryBelow = first + row + FragmentLayout.SumRow(lane, 2);
        int rows = FragmentLayout.Member(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), peak * ScoreMath.Ln2 + XMath.Log(sum), query, rows);
        Ptx.Store(heads.Lse(head, queryBelow), peakBelow * ScoreMath.Ln2 + XMath.Log(sumBelow), queryBelow, rows);
        o.Scale(1 / sum, 1 / sumBelow).Store(new BiasEpilogue<TValues>(heads.O(head), default, default, cells), first + row, q.Address, thread);
    }
}
