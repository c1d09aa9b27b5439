using ILGPU;

namespace Silc;

/// <summary>
/// dK and dV of attention of bf16 tensors, as <see cref="TensorCoreAttentionKeyGrad{TMma,TSize,TLoad,TQuads}"/>. K and V stay in registers;
/// Q, dO and <see cref="SavedRows"/> are double-buffered in shared memory.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16AttentionKeyGrad<TSize, TOccupancy>(HeadLayout heads, MatrixPointer dK, MatrixPointer dV, SavedRows saved,
    int blocksPerHead) : IKernel
    where TSize : struct, IHeadSize where TOccupancy : struct, IMinBlocks
{
    /// <summary>Keys of a block.</summary>
    public static int Rows => Bf16HeadTile<TSize>.Threads / 2;

    static int HalfTile => 32 * Bf16HeadTile<TSize>.Stride;
    static int SavedBytes => 16 * SavedRows.CopiesPerTile(Bf16HeadTile<TSize>.TileRows);
    static int StageBytes => Bf16HeadTile<TSize>.StageBytes + SavedBytes;

    public void Execute()
    {
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var block = BlockIndex.Of(Grid.IdxX, blocksPerHead, Rows);
        var index = heads.IndexOf(block.Head);
        int row = block.FirstRow + warp * 16, stage = Ptx.Shared(2 * StageBytes), freeStage = stage + StageBytes;
        HeadCpAsync<TSize>.At(heads.K(index), heads.V(index), block.FirstRow, heads.Keys, heads.Size, thread).Issue(freeStage, Rows);
        Ptx.CpAsyncCommit();
        var rows = HeadCpAsync<TSize>.At(heads.Q(index), heads.GradO(index), 0, heads.Queries, heads.Size, thread);
        long from = saved.SourceOf(block.Head, thread);
        int copies = saved.Copies;
        IssueStage(rows, from, copies, stage, thread);
        float factor = Ptx.Hold(heads.Scale * ScoreMath.Log2E);
        int offsetB = Ptx.Hold(Bf16HeadTile<TSize>.OffsetB(lane)), offsetBt = Ptx.Hold(Bf16HeadTile<TSize>.OffsetBTransposed(lane));
        int columns = Ptx.Hold(Bf16HeadTile<TSize>.StageBytes + SavedRows.ColumnOffset(lane));
        Ptx.CpAsyncWait(1);
        Ptx.SyncThreads();
        int addressA = freeStage + warp * 16 * Bf16HeadTile<TSize>.Stride + Bf16HeadTile<TSize>.OffsetA(lane);
        HeadFragments<TSize> k = HeadFragments<TSize>.Load(addressA), v = HeadFragments<TSize>.Load(addressA + Bf16HeadTile<TSize>.TileBytes);

        bool hasRows = row < heads.Keys;
        KeyGradAccumulators<TSize> acc = default;
        for (int queries = heads.Queries; queries > 0; queries -= Bf16HeadTile<TSize>.TileRows)
        {
            Ptx.CpAsyncWait(0);
            Ptx.SyncThreads();
            if (queries > Bf16HeadTile<TSize>.TileRows)
            {
                rows = rows.Next();
                from += SavedBytes;
                copies -= SavedRows.CopiesPerTile(Bf16HeadTile<TSize>.TileRows);
                IssueStage(rows, from, copies, freeStage, thread);
            }
            // Queries past the last are zeros, which add nothing.
            if (hasRows) acc = acc.Add(k, v, stage + offsetB, stage + offsetBt, stage + columns, factor);
            if (hasRows && queries > 32)
                acc = acc.Add(k, v, stage + offsetB + HalfTile, stage + offsetBt + HalfTile,
                    stage + columns + 4 * SavedRows.EightColumns, factor);
            (stage, freeStage) = (freeStage, stage);
        }
        // Warps past the last key only helped to load.
        if (!hasRows) return;
        int shared = stage + warp * RowAccumulators<TSize, OneRowTile>.SharedBytes;
        acc.K.Scale(new Float2(heads.Scale, heads.Scale), default).Store(heads.Of(dK, index, heads.Keys), row, heads.Keys, heads.Size, shared, lane);
        acc.V.Store(heads.Of(dV, index, heads.Keys), row, heads.Keys, heads.Size, shared + Bf16HeadTile<TSize>.TileBytes, lane);
    }

    static void IssueStage(HeadCpAsync<TSize> rows, long from, int copies, int stage, int thread)
    {
        rows.Issue(stage, Bf16HeadTile<TSize>.TileRows);
        Ptx.CpAsyncIf(stage + Bf16HeadTile<TSize>.StageBytes + 16 * thread, from, thread, copies, thread,
            SavedRows.CopiesPerTile(Bf16HeadTile<TSize>.TileRows));
        Ptx.CpAsyncCommit();
    }
}

/// <summary>Accumulators of a warp of <see cref="Bf16AttentionKeyGrad{TSize,TOccupancy}"/>: dK / scale, and dV, of 16 keys.</summary>
readonly struct KeyGradAccumulators<TSize>(RowAccumulators<TSize, OneRowTile> k, RowAccumulators<TSize, OneRowTile> v) where TSize : struct, IHeadSize
{
    public readonly RowAccumulators<TSize, OneRowTile> K = k, V = v;

    /// <summary>Adds 32 queries at a lane's ldmatrix addresses; their dO are a tile further on.</summary>
    public KeyGradAccumulators<TSize> Add(HeadFragments<TSize> k, HeadFragments<TSize> v, int offsetB, int offsetBt, int columns, float factor)
    {
        var s = k.MulTransposed(default, default(ScoreRows<OneRowTile>), offsetB).Upper;
        // Start the accumulators of dP = V·dOᵀ at -delta, which saves a subtraction.
        var acc0 = new AccumulatorRow(LoadMinusDelta(columns), LoadMinusDelta(columns + SavedRows.EightColumns),
            LoadMinusDelta(columns + 2 * SavedRows.EightColumns), LoadMinusDelta(columns + 3 * SavedRows.EightColumns));
        var dp = v.MulTransposed(default, new ScoreRows<OneRowTile>(acc0, default), offsetB + Bf16HeadTile<TSize>.TileBytes).Upper;
        var p = new AccumulatorRow(Exp2(s.N0, factor, columns), Exp2(s.N1, factor, columns + SavedRows.EightColumns),
            Exp2(s.N2, factor, columns + 2 * SavedRows.EightColumns), Exp2(s.N3, factor, columns + 3 * SavedRows.EightColumns));
        var ds = new AccumulatorRow(p.N0 * dp.N0, p.N1 * dp.N1, p.N2 * dp.N2, p.N3 * dp.N3);
        return new(
            K.MulAdd(new ScoreRows<OneRowTile>(ds, default), offsetBt),
            V.MulAdd(new ScoreRows<OneRowTile>(p, default), offsetBt + Bf16HeadTile<TSize>.TileBytes));
    }

    static Float4 LoadMinusDelta(int columns) => Ptx.LoadShared4(columns + SavedRows.MinusDelta);

    static Float4 Exp2(Float4 s, float factor, int columns)
    {
        Float2 lse = Ptx.LoadShared2(columns);
        return new(Ptx.Exp2(s.X * factor - lse.X), Ptx.Exp2(s.Y * factor - lse.Y),
            Ptx.Exp2(s.Z * factor - lse.X), Ptx.Exp2(s.W * factor - lse.Y));
    }
}
