using ILGPU;

namespace Silc;

/// <summary>
/// Tile sizes of the bf16 GEMM: a block of four warps, 2 x 2, computes 128 x 128 of C. Three stages of both operands fill the 48 KiB of
/// static shared memory that every GPU has.
/// </summary>
static class Bf16GemmTile
{
    public const int Threads = 128, WarpSide = GemmTile.Side / 2;
    public const int OperandBytes = 64 * GemmTile.Side, Bytes = 2 * OperandBytes, Tiles = 3;
}

/// <summary>
/// C = op(A)·op(B) of operands stored as bf16, on tensor cores. Triple-buffered: one tile is multiplied while cp.async loads the next two.
/// Operands need no rounding, so they go from global to shared memory without passing through registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Gemm<TA, TB, TEpilogue>(GemmProblem problem, TEpilogue epilogue) : IKernel
    where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int thread = Group.IdxX, block = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = problem.TileRow(block) * GemmTile.Side, column = problem.TileColumn(block) * GemmTile.Side;
        int warpRow = warp / 2 * Bf16GemmTile.WarpSide, warpColumn = warp % 2 * Bf16GemmTile.WarpSide;
        int stages = Ptx.Shared(Bf16GemmTile.Tiles * Bf16GemmTile.Bytes), lastStage = stages + (Bf16GemmTile.Tiles - 1) * Bf16GemmTile.Bytes;
        int stage = stages, freeStage = lastStage;
        int k = problem.KBegin(block), kEnd = problem.KEnd(block);
        int offsetA = TA.OffsetA(warpRow, lane), offsetB = Bf16GemmTile.OperandBytes + TB.OffsetB(warpColumn, lane);
        var a = Bf16CpAsync<TA>.At(problem.A(block), row, problem.M, k, kEnd, thread);
        var b = Bf16CpAsync<TB>.At(problem.B(block), column, problem.N, k, kEnd, thread);

        IssueTile(a, b, stages);
        a = a.Next();
        b = b.Next();
        IssueTile(a, b, stages + Bf16GemmTile.Bytes);
        WideAccumulators acc = default;
        for (; k < kEnd; k += Bf16CpAsync<TA>.TileK)
        {
            // One wait and one barrier a stage: this tile has arrived for all threads, and all have finished the previous one, whose buffer
            // the next load reuses.
            Ptx.CpAsyncWait(1);
            Ptx.SyncThreads();
            a = a.Next();
            b = b.Next();
            IssueTile(a, b, freeStage);
            acc = acc.MulAdd<TA, TB>(stage, offsetA, offsetB).MulAdd<TA, TB>(stage, TA.AdvanceK(offsetA), TB.AdvanceK(offsetB));
            freeStage = stage;
            stage = stage == lastStage ? stages : stage + Bf16GemmTile.Bytes;
        }
        Ptx.CpAsyncWait(0);
        Ptx.SyncThreads();
        acc.Store(epilogue, row + warpRow, column + warpColumn, problem.C(block), stages + warp * AccumulatorRow.SharedBytes, lane);
    }

    // Loads one stage, both operands in one commit group; zeros past the end of K.
    static void IssueTile(Bf16CpAsync<TA> a, Bf16CpAsync<TB> b, int stage)
    {
        a.Issue(stage);
        b.Issue(stage + Bf16GemmTile.OperandBytes);
        Ptx.CpAsyncCommit();
    }
}
