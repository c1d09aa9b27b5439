using ILGPU;

namespace Silc;

/// <summary>
/// dQ of attention of stored bf16, as <see cref="TensorAttentionQueryGrad{TMma,TSize,TReads,TValues}"/>. Queries and dO are in registers, so
/// that delta = Σ dO·o is found on the way; <see cref="KeptRows"/> hands it on.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct HalfAttentionQueryGrad<TSize>(HeadsAt heads, MatrixAt dQ, KeptRows kept, int blocks) : IKernel where TSize : struct, IHeadSize
{
    /// <summary>Queries of a group: as many as lines of a tile, so that two such tiles fit into a stage.</summary>
    public static int Rows => HeadLines<TSize>.Threads / 2;

    static int HalfTile => 32 * HeadLines<TSize>.Stride;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var group = GroupPlace.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int row = group.First + warp * 16, head = group.Head;
        int tile = Ptx.Shared(2 * HeadLines<TSize>.StageBytes), free = tile + HeadLines<TSize>.StageBytes;
        HeadFetch<TSize>.At(heads.Q(place), heads.GradO(place), group.First, heads.Queries, heads.Size, thread).Begin(free, Rows);
        Ptx.EndBatch();
        var kv = HeadFetch<TSize>.At(heads.K(place), heads.V(place), 0, heads.Keys, heads.Size, thread);
        kv.Begin(tile, HeadLines<TSize>.Passing);
        Ptx.EndBatch();
        float factor = Ptx.Hold(heads.Scale * Scores.Log2E);
        int right = Ptx.Hold(HeadLines<TSize>.Right(lane)), turned = Ptx.Hold(HeadLines<TSize>.Turned(lane));
        int query = row + FragmentLayout.SumRow(lane, 0), queryBelow = row + FragmentLayout.SumRow(lane, 2);
        Float2 exponents = new(Ptx.Hold(heads.LoadLse(head, query) * Scores.Log2E), Ptx.Hold(heads.LoadLse(head, queryBelow) * Scores.Log2E));
        var o = HeadWords<TSize>.Read(heads.O(place), row, heads.Queries, heads.Size, lane);
        Ptx.AwaitBatches(1);
        Ptx.Barrier();
        int left = free + warp * 16 * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        HeadWords<TSize> q = HeadWords<TSize>.Load(left), dO = HeadWords<TSize>.Load(left + HeadLines<TSize>.TileBytes);
        Float2 delta = dO.Dots(o);
        float less = Ptx.Hold(-Scores.SumAcrossGroup(delta.X)), lessBelow = Ptx.Hold(-Scores.SumAcrossGroup(delta.Y));
        kept.Store(head, query, exponents.X, less, lane);
        kept.Store(head, queryBelow, exponents.Y, lessBelow, lane);
        Float4 lessDelta = new(less, less, lessBelow, lessBelow);

        QueryGradSums<TSize> sums = default;
        bool busy = row < heads.Queries;
        int keys = heads.Keys;
        for (; keys > HeadLines<TSize>.Passing; keys -= HeadLines<TSize>.Passing)
        {
            Ptx.AwaitBatches(0);
            Ptx.Barrier();
            kv = kv.Next();
            kv.Begin(free, HeadLines<TSize>.Passing);
            Ptx.EndBatch();
            if (busy)
            {
                sums = sums.Add(q, dO, tile, right, turned, factor, exponents, lessDelta);
                sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta);
            }
            (tile, free) = (free, tile);
        }
        Ptx.AwaitBatches(0);
        Ptx.Barrier();
        // Warps behind the last query only copied.
        if (!busy) return;
        sums = sums.Add(q, dO, tile, right, turned, factor, exponents, lessDelta, last: true, keys, lane);
        if (keys > 32) sums = sums.Add(q, dO, tile + HalfTile, right, turned, factor, exponents, lessDelta, last: true, keys - 32, lane);
        sums.Q.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dQ, place, heads.Queries), row, heads.Queries, heads.Size,
            free + warp * RowSums<TSize, OneBlock>.SharedBytes, lane);
    }
}

/// <summary>Sums of a warp of <see cref="HalfAttentionQueryGrad{TSize}"/>: dQ of 16 queries, but for the scale.</summary>
readonly struct QueryGradSums<TSize>(RowSums<TSize, OneBlock> q) where TSize : struct, IHeadSize
{
    public readonly RowSums<TSize, OneBlock> Q = q;

    /// <summary>Adds 32 keys, or the last of them; their values are a tile further on.</summary>
    public QueryGradSums<TSize> Add(HeadWords<TSize> q, HeadWords<TSize> dO, int tile, int right, int turned,
        float factor, Float2 exponents, Float4 lessDelta, bool last = false, int keys = 0, int lane = 0)
    {
        var s = q.Products(default, default(ScoreRows<OneBlock>), tile + right).Upper;
        // Products of dO and v begin with -delta.
        var begun = new ScoreRows<OneBlock>(new SumsRow(lessDelta, lessDelta, lessDelta, lessDelta), default);
        var dp = dO.Products(default, begun, tile + right + HeadLines<TSize>.TileBytes).Upper;
        if (last) s = RunningSoftmax.Mask(s, keys, lane);
        var p = RunningSoftmax.Exp2(s, factor, exponents);
        var ds = new SumsRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(Q.Add(new ScoreRows<OneBlock>(ds, default), tile + turned));
    }
}
