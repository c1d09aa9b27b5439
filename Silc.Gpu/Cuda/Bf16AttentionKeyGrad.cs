using ILGPU;

namespace Silc;

/// <summary>
/// dK and dV of attention of stored bf16, as <see cref="TensorCoreAttentionKeyGrad{TMma,TSize,TReads,TValues}"/>: keys and values are in registers;
/// queries, dO and what is kept of them pass by in two stages.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionKeyGrad<TSize, TFit>(HeadLayout heads, MatrixPointer dK, MatrixPointer dV, SavedRows kept, int blocks) : IKernel
    where TSize : struct, IHeadSize where TFit : struct, IMinBlocks
{
    /// <summary>Keys of a group.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2;

    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;
    static int KeptBytes => 16 * SavedRows.CopiesOf(Bf16HeadTile<TSize>.Passing);
    static int StageBytes => Bf16HeadTile<TSize>.StageBytes + KeptBytes;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var group = BlockIndex.Of(Grid.IdxX, blocks, Rows);
        var place = heads.PlaceOf(group.Head);
        int row = group.First + warp * 16, tile = Ptx.Shared(2 * StageBytes), free = tile + StageBytes;
        HeadCpAsync<TSize>.At(heads.K(place), heads.V(place), group.First, heads.Keys, heads.Size, thread).Begin(free, Rows);
        Ptx.CpAsyncCommit();
        var rows = HeadCpAsync<TSize>.At(heads.Q(place), heads.GradO(place), 0, heads.Queries, heads.Size, thread);
        long from = kept.From(group.Head, thread);
        int copies = kept.Copies;
        Begin(rows, from, copies, tile, thread);
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int right = Ptx.Hold(Bf16HeadTile<TSize>.Right(lane)), turned = Ptx.Hold(Bf16HeadTile<TSize>.Transposed(lane));
        int columns = Ptx.Hold(Bf16HeadTile<TSize>.StageBytes + SavedRows.ColumnsOf(lane));
        Ptx.CpAsyncWait(1);
        Ptx.Barrier();
        int left = free + warp * 16 * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.Left(lane);
        HeadFragments<TSize> k = HeadFragments<TSize>.Load(left), v = HeadFragments<TSize>.Load(left + Bf16HeadTile<TSize>.TileBytes);

        bool busy = row < heads.Keys;
        KeyGradAccumulators<TSize> sums = default;
        for (int queries = heads.Queries; queries > 0; queries -= Bf16HeadTile<TSize>.Passing)
        {
            Ptx.CpAsyncWait(0);
            Ptx.Barrier();
            if (queries > Bf16HeadTile<TSize>.Passing)
            {
                rows = rows.Next();
                from += KeptBytes;
                copies -= SavedRows.CopiesOf(Bf16HeadTile<TSize>.Passing);
                Begin(rows, from, copies, free, thread);
            }
            // Of queries behind the last there are zeros, which add nothing.
            if (busy) sums = sums.Add(k, v, tile + right, tile + turned, tile + columns, factor);
            if (busy && queries > 32)
                sums = sums.Add(k, v, tile + right + HalfTile, tile + turned + HalfTile,
                    tile + columns + 4 * SavedRows.EightColumns, factor);
            (tile, free) = (free, tile);
        }
        // Warps behind the last key only copied.
        if (!busy) return;
        int shared = tile + warp * RowAccumulators<TSize, OneRowTile>.SharedBytes;
        sums.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dK, place, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        sums.V.Store(heads.Of(dV, place, heads.Keys), row, heads.Keys, heads.Size, shared + Bf16HeadTile<TSize>.TileBytes, lane);
    }

    static void Begin(HeadCpAsync<TSize> rows, long from, int copies, int stage, int thread)
    {
        rows.Begin(stage, Bf16HeadTile<TSize>.Passing);
        Ptx.CopyAsyncIn(stage + Bf16HeadTile<TSize>.StageBytes + 16 * thread, from, thread, copies, thread, SavedRows.CopiesOf(Bf16HeadTile<TSize>.Passing));
        Ptx.CpAsyncCommit();
    }
}

/// <summary>Sums of a warp of <see cref="Bf16AttentionKeyGrad{TSize,TFit}"/>: dK, but for the scale, and dV of 16 keys.</summary>
readonly struct KeyGradAccumulators<TSize>(RowAccumulators<TSize, OneRowTile> k, RowAccumulators<TSize, OneRowTile> v) where TSize : struct, IHeadSize
{
    public readonly RowAccumulators<TSize, OneRowTile> K = k, V = v;

    /// <summary>Adds 32 queries, which begin at these addresses of a lane; their dO are a tile further on.</summary>
    public KeyGradAccumulators<TSize> Add(HeadFragments<TSize> k, HeadFragments<TSize> v, int right, int turned, int columns, float factor)
    {
        var s = k.Products(default, default(ScoreRows<OneRowTile>), right).Upper;
        // Products of v and dO begin with -delta.
        var begun = new AccumulatorRow(LessDelta(columns), LessDelta(columns + SavedRows.EightColumns),
            LessDelta(columns + 2 * SavedRows.EightColumns), LessDelta(columns + 3 * SavedRows.EightColumns));
        var dp = v.Products(default, new ScoreRows<OneRowTile>(begun, default), right + Bf16HeadTile<TSize>.TileBytes).Upper;
        var p = new AccumulatorRow(Exp2(s.N0, factor, columns), Exp2(s.N1, factor, columns + SavedRows.EightColumns),
            Exp2(s.N2, factor, columns + 2 * SavedRows.EightColumns), Exp2(s.N3, factor, columns + 3 * SavedRows.EightColumns));
        var ds = new AccumulatorRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(
            K.Add(new ScoreRows<OneRowTile>(ds, default), turned),
            V.Add(new ScoreRows<OneRowTile>(p, default), turned + Bf16HeadTile<TSize>.TileBytes));
    }

    static Float4 LessDelta(int columns) => Ptx.LoadShared4(columns + SavedRows.LessDelta);

    static Float4 Exp2(Float4 s, float factor, int columns)
    {
        Float2 less = Ptx.LoadShared2(columns);
        return new(Ptx.Exp2(s.X * factor - less.X), Ptx.Exp2(s.Y * factor - less.Y),
            Ptx.Exp2(s.Z * factor - less.X), Ptx.Exp2(s.W * factor - less.Y));
    }
}
