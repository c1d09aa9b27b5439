using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// FlashAttention forward, O = softmax(Q·Kᵀ·scale)·V (Dao et al. 2022, arXiv:2205.14135): scores never leave the registers, K and V are
/// streamed in tiles of 32, and online softmax rescales the accumulators when the maximum grows. A block takes 64 queries, a warp 16.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreAttention<TMma, TSize, TLoad, TQuads>(HeadLayout heads, EpilogueShape shape, int blocksPerHead) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TLoad : struct, IGlobalLoad where TQuads : struct, IQuadAccess
{
    public const int Threads = 128, Rows = 64;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, row = thread / 32 * 16, head = Grid.IdxX / blocksPerHead,
            first = Grid.IdxX % blocksPerHead * Rows;
        HeadTile<TMma, TSize, TLoad> q = new(Ptx.Shared(HeadTile<TMma, TSize, TLoad>.Bytes(Rows + 2 * HeadLayout.TileRows)));
        HeadTile<TMma, TSize, TLoad> k = q.Next(Rows), v = k.Next(HeadLayout.TileRows);
        MatrixPointer keys = heads.K(head), values = heads.V(head);
        q.Copy(heads.Q(head), first, Rows, heads.Queries, heads.Size, thread, Threads);

        float max = float.MinValue, lowerMax = float.MinValue, sum = 0, lowerSum = 0;
        HeadAccumulators<TMma, TSize, TLoad> o = default;
        for (int key = 0; key < heads.Keys; key += HeadLayout.TileRows)
        {
            k.Copy(keys, key, HeadLayout.TileRows, heads.Keys, heads.Size, thread, Threads);
            v.Copy(values, key, HeadLayout.TileRows, heads.Keys, heads.Size, thread, Threads);
            Ptx.SyncThreads();
            var s = ScoreMath.Scaled(q.MulTransposed(row, k, lane), heads.Scale * ScoreMath.Log2E, key, heads.Keys, lane);
            float newMax = XMath.Max(max, ScoreMath.UpperRowMax(s)), newLowerMax = XMath.Max(lowerMax, ScoreMath.LowerRowMax(s));
            float rescale = Ptx.Exp2(max - newMax), lowerRescale = Ptx.Exp2(lowerMax - newLowerMax);
            var p = ScoreMath.Exp2(s, newMax, newLowerMax);
            sum = sum * rescale + ScoreMath.UpperRowSum(p);
            lowerSum = lowerSum * lowerRescale + ScoreMath.LowerRowSum(p);
            o = o.Scale(rescale, lowerRescale).MulAdd(p, v, lane);
            (max, lowerMax) = (newMax, newLowerMax);
            Ptx.SyncThreads();
        }

        sum = ScoreMath.QuadSum(sum);
        lowerSum = ScoreMath.QuadSum(lowerSum);
        // One lane of a quad stores; predicated rather than branched, so that the warp does not diverge.
        int query = first + row + FragmentLayout.CRow(lane, 0), lowerQuery = first + row + FragmentLayout.CRow(lane, 2);
        int rows = FragmentLayout.ThreadInGroup(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), max * ScoreMath.Ln2 + XMath.Log(sum), query, rows);
        Ptx.Store(heads.Lse(head, lowerQuery), lowerMax * ScoreMath.Ln2 + XMath.Log(lowerSum), lowerQuery, rows);
        o.Scale(1 / sum, 1 / lowerSum).Store(new BiasEpilogue<TQuads>(heads.O(head), default, default, shape), first + row, q.Address, thread);
    }
}
