using ILGPU;

namespace Silc;

/// <summary>
/// Tile sizes of the bf16 GEMM: a block of four warps, 2 x 2, computes 128 x 128 of C.
/// </summary>
static class Bf16GemmTile
{
    public const int Threads = 128, WarpSide = GemmTile.Side / 2;
    public const int OperandBytes = 64 * GemmTile.Side, Bytes = 2 * OperandBytes;
}

/// <summary>Stages of both operands in shared memory: one is multiplied while cp.async loads the others.</summary>
interface IBf16Stages
{
    static abstract int Count { get; }

    /// <summary>Stages in static shared memory, 48 KiB on every GPU; the others are in the dynamic one of the launch.</summary>
    static abstract int Static { get; }
}

readonly struct Bf16Stages2 : IBf16Stages
{
    public static int Count => 2;
    public static int Static => Count;
}

/// <summary>These fill the static shared memory.</summary>
readonly struct Bf16Stages3 : IBf16Stages
{
    public static int Count => 3;
    public static int Static => Count;
}

/// <summary>64 KiB: two blocks on a multiprocessor of an A100 or H100, one on other GPUs.</summary>
readonly struct Bf16Stages4 : IBf16Stages
{
    public static int Count => 4;
    public static int Static => 0;
}

/// <summary>
/// C = op(A)·op(B) of operands stored as bf16, on tensor cores: one tile is multiplied while cp.async loads the next ones.
/// Operands need no rounding, so they go from global to shared memory without passing through registers.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Gemm<TA, TB, TEpilogue, TStages>(GemmProblem problem, TEpilogue epilogue) : IKernel
    where TA : struct, IBf16OperandTile where TB : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
    where TStages : struct, IBf16Stages
{
    /// <summary>Dynamic shared memory of a launch; the first stage is at a multiple of 1,024 bytes.</summary>
    public static int DynamicBytes => TStages.Static > 0 ? 0 : TStages.Count * Bf16GemmTile.Bytes + 1024;

    public void Execute()
    {
        int thread = Group.IdxX, block = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = problem.TileRow(block) * GemmTile.Side, column = problem.TileColumn(block) * GemmTile.Side;
        int warpRow = warp / 2 * Bf16GemmTile.WarpSide, warpColumn = warp % 2 * Bf16GemmTile.WarpSide;
        int stages = TStages.Static > 0 ? Ptx.Shared(TStages.Static * Bf16GemmTile.Bytes) : Ptx.DynamicShared();
        int lastStage = stages + (TStages.Count - 1) * Bf16GemmTile.Bytes;
        int stage = stages, freeStage = lastStage;
        int k = problem.KBegin(block), kEnd = problem.KEnd(block);
        int offsetA = TA.OffsetA(warpRow, lane), offsetB = Bf16GemmTile.OperandBytes + TB.OffsetB(warpColumn, lane);
        var a = Bf16CpAsync<TA>.At(problem.A(block), row, problem.M, k, kEnd, thread);
        var b = Bf16CpAsync<TB>.At(problem.B(block), column, problem.N, k, kEnd, thread);

        IssueTile(a, b, stages);
        if (TStages.Count > 2)
        {
            a = a.Next();
            b = b.Next();
            IssueTile(a, b, stages + Bf16GemmTile.Bytes);
        }
        if (TStages.Count > 3)
        {
            a = a.Next();
            b = b.Next();
            IssueTile(a, b, stages + 2 * Bf16GemmTile.Bytes);
        }
        WideAccumulators acc = default;
        for (; k < kEnd; k += Bf16CpAsync<TA>.TileK)
        {
            // One wait and one barrier a stage: this tile has arrived for all threads, and all have finished the previous one, whose buffer
            // the next load reuses.
            Ptx.CpAsyncWait(TStages.Count - 2);
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
