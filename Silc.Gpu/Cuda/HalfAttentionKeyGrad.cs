using ILGPU;

namespace Silc;

/// <summary>
/// dK and dV of attention of stored bf16, as <see cref="TensorAttentionKeyGrad{TMma,TSize,TReads,TValues}"/>: keys and values are in registers;
/// queries, dO and what is kept of them pass by in two stages.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct HalfAttentionKeyGrad<TSize, TFit>(HeadsAt heads, MatrixAt dK, MatrixAt dV, KeptRows kept, int blocks) : IKernel
    where TSize : struct, IHeadSize where TFit : struct, IFit
{
    /// <summary>Keys of a group.</summary>
    public static int Rows => HeadLines<TSize>.Threads / 2;

    static int HalfTile => 32 * HeadLines<TSize>.Stride;
    static int KeptBytes => 16 * KeptRows.CopiesOf(HeadLines<TSize>.Passing);
    static int StageBytes => HeadLines<TSize>.StageBytes + KeptBytes;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var group = GroupPlace.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int row = group.First + warp * 16, tile = Ptx.Shared(2 * StageBytes), free = tile + StageBytes;
        HeadFetch<TSize>.At(heads.K(place), heads.V(place), group.First, heads.Keys, heads.Size, thread).Begin(free, Rows);
        Ptx.EndBatch();
        var rows = HeadFetch<TSize>.At(heads.Q(place), heads.GradO(place), 0, heads.Queries, heads.Size, thread);
        long from = kept.From(group.Head, thread);
        int copies = kept.Copies;
        Begin(rows, from, copies, tile, thread);
        float factor = Ptx.Hold(heads.Scale * Scores.Log2E);
        int right = Ptx.Hold(HeadLines<TSize>.Right(lane)), turned = Ptx.Hold(HeadLines<TSize>.Turned(lane));
        int columns = Ptx.Hold(HeadLines<TSize>.StageBytes + KeptRows.ColumnsOf(lane));
        Ptx.AwaitBatches(1);
        Ptx.Barrier();
        int left = free + warp * 16 * HeadLines<TSize>.Stride + HeadLines<TSize>.Left(lane);
        HeadWords<TSize> k = HeadWords<TSize>.Load(left), v = HeadWords<TSize>.Load(left + HeadLines<TSize>.TileBytes);

        bool busy = row < heads.Keys;
        KeyGradSums<TSize> sums = default;
        for (int queries = heads.Queries; queries > 0; queries -= HeadLines<TSize>.Passing)
        {
            Ptx.AwaitBatches(0);
            Ptx.Barrier();
            if (queries > HeadLines<TSize>.Passing)
            {
                rows = rows.Next();
                from += KeptBytes;
                copies -= KeptRows.CopiesOf(HeadLines<TSize>.Passing);
                Begin(rows, from, copies, free, thread);
            }
            // Of queries behind the last there are zeros, which add nothing.
            if (busy) sums = sums.Add(k, v, tile + right, tile + turned, tile + columns, factor);
            if (busy && queries > 32)
                sums = sums.Add(k, v, tile + right + HalfTile, tile + turned + HalfTile,
                    tile + columns + 4 * KeptRows.EightColumns, factor);
            (tile, free) = (free, tile);
        }
        // Warps behind the last key only copied.
        if (!busy) return;
        int shared = tile + warp * RowSums<TSize, OneBlock>.SharedBytes;
        sums.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dK, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        sums.V.Store(heads.Of(dV, place, heads.Keys), row, heads.Keys, heads.Size, shared + HeadLines<TSize>.TileBytes, lane);
    }

    static void Begin(HeadFetch<TSize> rows, long from, int copies, int stage, int thread)
    {
        rows.Begin(stage, HeadLines<TSize>.Passing);
        Ptx.CopyAsyncIn(stage + HeadLines<TSize>.StageBytes + 16 * thread, from, thread, copies, thread, KeptRows.CopiesOf(HeadLines<TSize>.Passing));
        Ptx.EndBatch();
    }
}

/// <summary>Sums of a warp of <see cref="HalfAttentionKeyGrad{TSize,TFit}"/>: dK, but for the scale, and dV of 16 keys.</summary>
readonly struct KeyGradSums<TSize>(RowSums<TSize, OneBlock> k, RowSums<TSize, OneBlock> v) where TSize : struct, IHeadSize
{
    public readonly RowSums<TSize, OneBlock> K = k, V = v;

    /// <summary>Adds 32 queries, which begin at these addresses of a lane; their dO are a tile further on.</summary>
    public KeyGradSums<TSize> Add(HeadWords<TSize> k, HeadWords<TSize> v, int right, int turned, int columns, float factor)
    {
        var s = k.Products(default, default(ScoreRows<OneBlock>), right).Upper;
        // Products of v and dO begin with -delta.
        var begun = new SumsRow(LessDelta(columns), LessDelta(columns + KeptRows.EightColumns),
            LessDelta(columns + 2 * KeptRows.EightColumns), LessDelta(columns + 3 * KeptRows.EightColumns));
        var dp = v.Products(default, new ScoreRows<OneBlock>(begun, default), right + HeadLines<TSize>.TileBytes).Upper;
        var p = new SumsRow(Exp2(s.N0, factor, columns), Exp2(s.N1, factor, columns + KeptRows.EightColumns),
            Exp2(s.N2, factor, columns + 2 * KeptRows.EightColumns), Exp2(s.N3, factor, columns + 3 * KeptRows.EightColumns));
        var ds = new SumsRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(
            K.Add(new ScoreRows<OneBlock>(ds, default), turned),
            V.Add(new ScoreRows<OneBlock>(p, default), turned + HeadLines<TSize>.TileBytes));
    }

    static Float4 LessDelta(int columns) => Ptx.LoadShared4(columns + KeptRows.LessDelta);

    static Float4 Exp2(Float4 s, float factor, int columns)
    {
        Float2 less = Ptx.LoadShared2(columns);
        return new(Ptx.Exp2(s.X * factor - less.X), Ptx.Exp2(s.Y * factor - less.Y),
            Ptx.Exp2(s.Z * factor - less.X), Ptx.Exp2(s.W * factor - less.Y));
    }
}
