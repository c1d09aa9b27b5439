using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of stored bf16 on tensor cores, 128 x 128 of C a group of four warps. Nothing has to be rounded, so operands go from
/// global to shared memory past the registers: of three tiles one is multiplied while two are on their way. Together they fill the
/// 48 KiB that every GPU gives without being asked.
/// </summary>
readonly struct HalfMatMul<TLeft, TRight, TEpilogue>(Product product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IHalfOperand where TRight : struct, IHalfOperand where TEpilogue : struct, IEpilogue
{
    public const int Threads = 128;

    const int OperandBytes = 64 * ProductTile.Side, TileBytes = 2 * OperandBytes, Tiles = 3, Depth = 2 * ProductTile.Words;

    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = product.Row(group) * ProductTile.Side, column = product.Column(group) * ProductTile.Side;
        int warpRow = warp / 2 * 64, warpColumn = warp % 2 * 64;
        int tiles = Ptx.Shared(Tiles * TileBytes), last = tiles + (Tiles - 1) * TileBytes, tile = tiles, next = last;
        int depth = product.Begin(group), end = product.End(group);
        MatrixAt a = product.A(group), b = product.B(group);

        Fetch(tiles, a, b, row, column, depth, end, thread);
        Fetch(tiles + TileBytes, a, b, row, column, depth + Depth, end, thread);
        WideSums sums = default;
        for (; depth < end; depth += Depth)
        {
            // This tile has come, for all; and all are done with the one before, whose place the tile after next takes.
            Ptx.AwaitBatches(1);
            Ptx.Barrier();
            Fetch(next, a, b, row, column, depth + 2 * Depth, end, thread);
            sums = sums.MulAdd<TLeft, TRight>(tile, tile + OperandBytes, warpRow, warpColumn, 0, lane);
            sums = sums.MulAdd<TLeft, TRight>(tile, tile + OperandBytes, warpRow, warpColumn, 8, lane);
            next = tile;
            tile = tile == last ? tiles : tile + TileBytes;
        }
        Ptx.AwaitBatches(0);
        Ptx.Barrier();
        sums.Store(epilogue, row + warpRow, column + warpColumn, product.C(group), tiles + warp * SumsRow.SharedBytes, lane);
    }

    // Both operands' tiles, one batch. Behind the end of the sum there are zeros.
    void Fetch(int tile, MatrixAt a, MatrixAt b, int row, int column, int depth, int end, int thread)
    {
        Fetch<TLeft>(tile, a, row, product.M, depth, end, thread);
        Fetch<TRight>(tile + OperandBytes, b, column, product.N, depth, end, thread);
        Ptx.EndBatch();
    }

    static void Fetch<TOperand>(int tile, MatrixAt x, int outer, int outers, int depth, int depths, int thread)
        where TOperand : struct, IHalfOperand
    {
        int line = thread / TOperand.Units, unit = thread % TOperand.Units, linesAtOnce = Threads / TOperand.Units;
        FetchUnit<TOperand>(tile, x, line, unit, outer, outers, depth, depths);
        FetchUnit<TOperand>(tile, x, line + linesAtOnce, unit, outer, outers, depth, depths);
        FetchUnit<TOperand>(tile, x, line + 2 * linesAtOnce, unit, outer, outers, depth, depths);
        FetchUnit<TOperand>(tile, x, line + 3 * linesAtOnce, unit, outer, outers, depth, depths);
    }

    static void FetchUnit<TOperand>(int tile, MatrixAt x, int line, int unit, int outer, int outers, int depth, int depths)
        where TOperand : struct, IHalfOperand
    {
        int row = (TOperand.Turned ? depth : outer) + line, rows = TOperand.Turned ? depths : outers;
        int column = (TOperand.Turned ? outer : depth) + 8 * unit, columns = TOperand.Turned ? outers : depths;
        Ptx.CopyAsync(tile + TOperand.At(line, unit), x.At(row, column), row, rows, column, columns);
    }
}
