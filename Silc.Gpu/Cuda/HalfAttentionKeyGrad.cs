using ILGPU;

namespace Silc;

/// <summary>
/// dK and dV of attention of stored bf16, as <see cref="TensorAttentionKeyGrad{TMma,TSize,TReads,TValues}"/>: keys and values are in registers;
/// queries, dO and what is kept of them pass by in two stages.
/// </summary>
readonly struct HalfAttentionKeyGrad<TSize>(HeadsAt heads, MatrixAt dK, MatrixAt dV, KeptRows kept, int blocks) : IKernel where TSize : struct, IHeadSize
{
    /// <summary>Keys of a group.</summary>
    public static int Rows => HeadLines<TSize>.Threads / 2;

    static int HalfTile => 32 * HeadLines<TSize>.Stride;
    static int KeptBytes => 16 * KeptRows.CopiesOf(HeadLines<TSize>.Passing);
    static int StageBytes => HeadLines<TSize>.StageBytes + KeptBytes;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5, head = Grid.IdxX / blocks, first = Grid.IdxX % blocks * Rows, row = warp * 16;
        int tile = Ptx.Shared(2 * StageBytes), free = tile + StageBytes;
        HeadFetch<TSize>.At(heads.K(head), first, heads.Keys, heads.Size, thread).Begin(free, Rows);
        HeadFetch<TSize>.At(heads.V(head), first, heads.Keys, heads.Size, thread).Begin(free + HeadLines<TSize>.TileBytes, Rows);
        Ptx.EndBatch();
        var q = HeadFetch<TSize>.At(heads.Q(head), 0, heads.Queries, heads.Size, thread);
        var dO = HeadFetch<TSize>.At(heads.GradO(head), 0, heads.Queries, heads.Size, thread);
        long from = kept.From(head, thread);
        int copies = kept.Copies;
        Begin(q, dO, from, copies, tile, thread);
        float factor = Ptx.Hold(heads.Scale * Scores.Log2E);
        int right = Ptx.Hold(HeadLines<TSize>.Right(lane)), turned = Ptx.Hold(HeadLines<TSize>.Turned(lane));
        int exponent = Ptx.Hold(HeadLines<TSize>.StageBytes + KeptRows.ExponentOf(lane)), delta = Ptx.Hold(HeadLines<TSize>.StageBytes + KeptRows.LessDeltaOf(lane));
        Ptx.AwaitBatches(1);
        Ptx.Barrier();
        int left = free + row * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        HeadWords<TSize> k = HeadWords<TSize>.Load(left), v = HeadWords<TSize>.Load(left + HeadLines<TSize>.TileBytes);

        RowSums<TSize, OneBlock> sumsOfK = default, sumsOfV = default;
        for (int queries = heads.Queries; queries > 0; queries -= HeadLines<TSize>.Passing)
        {
            Ptx.AwaitBatches(0);
            Ptx.Barrier();
            if (queries > HeadLines<TSize>.Passing)
            {
                q = q.Next();
                dO = dO.Next();
                from += KeptBytes;
                copies -= KeptRows.CopiesOf(HeadLines<TSize>.Passing);
                Begin(q, dO, from, copies, free, thread);
            }
            // Of queries behind the last there are zeros, which add nothing.
            var p = Weights(k, tile + right, tile + exponent, factor);
            sumsOfV = sumsOfV.Add(p, tile + turned + HeadLines<TSize>.TileBytes);
            sumsOfK = sumsOfK.Add(Grads(p.Upper, v, tile + right + HeadLines<TSize>.TileBytes, tile + delta), tile + turned);
            if (queries > 32)
            {
                p = Weights(k, tile + right + HalfTile, tile + exponent + 4 * KeptRows.EightColumns, factor);
                sumsOfV = sumsOfV.Add(p, tile + turned + HeadLines<TSize>.TileBytes + HalfTile);
                sumsOfK = sumsOfK.Add(Grads(p.Upper, v, tile + right + HeadLines<TSize>.TileBytes + HalfTile, tile + delta + 4 * KeptRows.EightColumns),
                    tile + turned + HalfTile);
            }
            (tile, free) = (free, tile);
        }
        int shared = tile + warp * RowSums<TSize, OneBlock>.SharedBytes;
        sumsOfK.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dK, head, heads.Keys), first + row, heads.Keys, heads.Size, shared, lane);
        sumsOfV.Store(heads.Of(dV, head, heads.Keys), first + row, heads.Keys, heads.Size, shared + HeadLines<TSize>.TileBytes, lane);
    }

    // exp(s - lse) of 32 queries, across.
    static ScoreRows<OneBlock> Weights(HeadWords<TSize> k, int right, int exponent, float factor)
    {
        var s = k.Products(default, default(ScoreRows<OneBlock>), right).Upper;
        return new(new SumsRow(Exp2(s.N0, factor, exponent), Exp2(s.N1, factor, exponent + KeptRows.EightColumns),
            Exp2(s.N2, factor, exponent + 2 * KeptRows.EightColumns), Exp2(s.N3, factor, exponent + 3 * KeptRows.EightColumns)), default);
    }

    static Float4 Exp2(Float4 s, float factor, int exponent)
    {
        Float2 less = Ptx.LoadShared2(exponent);
        return new(Ptx.Exp2(s.X * factor - less.X), Ptx.Exp2(s.Y * factor - less.Y), Ptx.Exp2(s.Z * factor - less.X), Ptx.Exp2(s.W * factor - less.Y));
    }

    // p·(v·dOᵀ - delta): the products begin with -delta. The scale is left to the end.
    static ScoreRows<OneBlock> Grads(SumsRow p, HeadWords<TSize> v, int right, int delta)
    {
        var begun = new SumsRow(Ptx.LoadShared4(delta), Ptx.LoadShared4(delta + KeptRows.EightColumns),
            Ptx.LoadShared4(delta + 2 * KeptRows.EightColumns), Ptx.LoadShared4(delta + 3 * KeptRows.EightColumns));
        var dp = v.Products(default, new ScoreRows<OneBlock>(begun, default), right).Upper;
        return new(new SumsRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3), default);
    }

    static void Begin(HeadFetch<TSize> q, HeadFetch<TSize> dO, long from, int copies, int stage, int thread)
    {
        q.Begin(stage, HeadLines<TSize>.Passing);
        dO.Begin(stage + HeadLines<TSize>.TileBytes, HeadLines<TSize>.Passing);
        Ptx.CopyAsyncIn(stage + HeadLines<TSize>.StageBytes + 16 * thread, from, thread, copies, thread, KeptRows.CopiesOf(HeadLines<TSize>.Passing));
        Ptx.EndBatch();
    }
}
