using ILGPU;

namespace Silc;

/// <summary>
/// How a group multiplies stored bf16: 128 x 128 of C by four warps, two down and two across. Three tiles of both operands fill the
/// 48 KiB of shared memory that every GPU gives without being asked.
/// </summary>
static class HalfTile
{
    public const int Threads = 128, WarpSide = ProductTile.Side / 2;
    public const int OperandBytes = 64 * ProductTile.Side, Bytes = 2 * OperandBytes, Tiles = 3;
}

/// <summary>
/// C = op(A)·op(B) of stored bf16 on tensor cores. Nothing has to be rounded, so operands go from global to shared memory past the
/// registers: of three tiles one is multiplied while two are on their way.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct HalfMatMul<TLeft, TRight, TEpilogue>(Product product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IHalfOperand where TRight : struct, IHalfOperand where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = product.Row(group) * ProductTile.Side, column = product.Column(group) * ProductTile.Side;
        int warpRow = warp / 2 * HalfTile.WarpSide, warpColumn = warp % 2 * HalfTile.WarpSide;
        int tiles = Ptx.Shared(HalfTile.Tiles * HalfTile.Bytes), last = tiles + (HalfTile.Tiles - 1) * HalfTile.Bytes;
        int tile = tiles, free = last;
        int depth = product.Begin(group), end = product.End(group);
        int left = TLeft.Left(warpRow, lane), right = HalfTile.OperandBytes + TRight.Right(warpColumn, lane);
        var a = HalfFetch<TLeft>.At(product.A(group), row, product.M, depth, end, thread);
        var b = HalfFetch<TRight>.At(product.B(group), column, product.N, depth, end, thread);

        Begin(a, b, tiles);
        a = a.Next();
        b = b.Next();
        Begin(a, b, tiles + HalfTile.Bytes);
        WideSums sums = default;
        for (; depth < end; depth += HalfFetch<TLeft>.Depth)
        {
            // This tile has come, for all; and all are done with the one before, whose place the tile after next takes.
            Ptx.AwaitBatches(1);
            Ptx.Barrier();
            a = a.Next();
            b = b.Next();
            Begin(a, b, free);
            sums = sums.MulAdd<TLeft, TRight>(tile, left, right).MulAdd<TLeft, TRight>(tile, TLeft.Next(left), TRight.Next(right));
            free = tile;
            tile = tile == last ? tiles : tile + HalfTile.Bytes;
        }
        Ptx.AwaitBatches(0);
        Ptx.Barrier();
        sums.Store(epilogue, row + warpRow, column + warpColumn, product.C(group), tiles + warp * SumsRow.SharedBytes, lane);
    }

    // Both operands' tiles are one batch. Behind the end of the sum there are zeros.
    static void Begin(HalfFetch<TLeft> a, HalfFetch<TRight> b, int tile)
    {
        a.Begin(tile);
        b.Begin(tile + HalfTile.OperandBytes);
        Ptx.EndBatch();
    }
}
