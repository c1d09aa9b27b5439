using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) on tensor cores, 128 x 128 of C a group. Two tiles of each operand are in shared memory: while one is
/// multiplied, the next is on its way through registers, where it is rounded.
/// </summary>
[Kernel(DeviceKind.Cuda)]
[LaunchBounds(GemmTile.Threads, 2)]
readonly struct TensorCoreGemm<TMma, TLeft, TRight, TReads, TEpilogue>(GemmProblem product, TEpilogue epilogue) : IKernel
    where TMma : struct, IMma where TLeft : struct, IOperandTile where TRight : struct, IOperandTile
    where TReads : struct, IGlobalLoad where TEpilogue : struct, IEpilogue
{
    static int LeftBytes => 4 * TLeft.Lines * TLeft.Stride;
    static int Bytes => LeftBytes + 4 * TRight.Lines * TRight.Stride;
    static int Depth => GemmTile.Words * TMma.PerWord;

    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = product.Row(group) * GemmTile.Side, column = product.Column(group) * GemmTile.Side;
        int warpRow = warp / GemmTile.WarpsAcross * GemmTile.WarpRows;
        int warpColumn = warp % GemmTile.WarpsAcross * GemmTile.WarpColumns;
        int tiles = Ptx.Shared(2 * Bytes), tile = tiles, depth = product.Begin(group), end = product.End(group);
        MatrixPointer a = product.A(group), b = product.B(group);

        SharedTileStage<TMma, TLeft, TReads>.Read(a, row, product.M, depth, end, thread).Store(tile, thread);
        SharedTileStage<TMma, TRight, TReads>.Read(b, column, product.N, depth, end, thread).Store(tile + LeftBytes, thread);
        Ptx.Barrier();
        WarpAccumulators sums = default;
        for (; depth < end; depth += Depth)
        {
            // Behind the last tile these read nothing and give zeros.
            var left = SharedTileStage<TMma, TLeft, TReads>.Read(a, row, product.M, depth + Depth, end, thread);
            var right = SharedTileStage<TMma, TRight, TReads>.Read(b, column, product.N, depth + Depth, end, thread);
            sums = sums.MulAdd<TMma, TLeft, TRight>(tile, tile + LeftBytes, warpRow, warpColumn, 0, lane);
            sums = sums.MulAdd<TMma, TLeft, TRight>(tile, tile + LeftBytes, warpRow, warpColumn, 8, lane);
            // One barrier a tile is enough: nobody has read the other tile since the barrier before.
            tile = tile == tiles ? tiles + Bytes : tiles;
            left.Store(tile, thread);
            right.Store(tile + LeftBytes, thread);
            Ptx.Barrier();
        }
        sums.Store(epilogue, row + warpRow, column + warpColumn, product.C(group), tiles + warp * AccumulatorRow.SharedBytes, lane);
    }
}
