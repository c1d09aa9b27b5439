using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of float32 operands on tensor cores, 128 x 128 of C a block. Double-buffered: while one tile is multiplied, the next is
/// loaded into registers and rounded on its way to the other buffer.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct TensorCoreGemm<TMma, TA, TB, TLoad, TEpilogue, TOccupancy>(GemmProblem problem, TEpilogue epilogue) : IKernel
    where TMma : struct, IMma where TA : struct, IOperandTile where TB : struct, IOperandTile
    where TLoad : struct, IGlobalLoad where TEpilogue : struct, IEpilogue where TOccupancy : struct, IMinBlocks
{
    static int BytesA => 4 * TA.Lines * TA.Stride;
    static int Bytes => BytesA + 4 * TB.Lines * TB.Stride;
    static int TileK => GemmTile.KWords * TMma.ValuesPerWord;

    public void Execute()
    {
        int thread = Group.IdxX, block = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = problem.TileRow(block) * GemmTile.Side, column = problem.TileColumn(block) * GemmTile.Side;
        int warpRow = warp / GemmTile.WarpsN * GemmTile.WarpM;
        int warpColumn = warp % GemmTile.WarpsN * GemmTile.WarpN;
        int tiles = Ptx.Shared(2 * Bytes), tile = tiles, k = problem.KBegin(block), kEnd = problem.KEnd(block);
        MatrixPointer a = problem.A(block), b = problem.B(block);

        SharedTileStage<TMma, TA, TLoad>.LoadGlobal(a, row, problem.M, k, kEnd, thread).StoreShared(tile, thread);
        SharedTileStage<TMma, TB, TLoad>.LoadGlobal(b, column, problem.N, k, kEnd, thread).StoreShared(tile + BytesA, thread);
        Ptx.SyncThreads();
        WarpAccumulators acc = default;
        for (; k < kEnd; k += TileK)
        {
            // Past the last tile these loads are predicated off and give zeros.
            var stagedA = SharedTileStage<TMma, TA, TLoad>.LoadGlobal(a, row, problem.M, k + TileK, kEnd, thread);
            var stagedB = SharedTileStage<TMma, TB, TLoad>.LoadGlobal(b, column, problem.N, k + TileK, kEnd, thread);
            acc = acc.MulAdd<TMma, TA, TB>(tile, tile + BytesA, warpRow, warpColumn, 0, lane);
            acc = acc.MulAdd<TMma, TA, TB>(tile, tile + BytesA, warpRow, warpColumn, 8, lane);
            // One barrier a tile: no thread has read the other buffer since the previous barrier.
            tile = tile == tiles ? tiles + Bytes : tiles;
            stagedA.StoreShared(tile, thread);
            stagedB.StoreShared(tile + BytesA, thread);
            Ptx.SyncThreads();
        }
        acc.Store(epilogue, row + warpRow, column + warpColumn, problem.C(block), tiles + warp * AccumulatorRow.SharedBytes, lane);
    }
}
