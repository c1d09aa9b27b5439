using ILGPU;

namespace Silc;

/// <summary>
/// How a group multiplies stored bf16: 128 x 128 of C by four warps, two down and two across. Three tiles of both operands fill the
/// 48 KiB of shared memory that every GPU gives without being asked.
/// </summary>
static class Bf16GemmTile
{
    public const int Threads = 128, WarpSide = GemmTile.Side / 2;
    public const int OperandBytes = 64 * GemmTile.Side, Bytes = 2 * OperandBytes, Tiles = 3;
}

/// <summary>
/// C = op(A)·op(B) of stored bf16 on tensor cores. Nothing has to be rounded, so operands go from global to shared memory past the
/// registers: of three tiles one is multiplied while two are on their way.
/// </summary>
[Kernel(DeviceKind.Cuda)]
readonly struct Bf16Gemm<TLeft, TRight, TEpilogue>(GemmProblem product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IBf16OperandTile where TRight : struct, IBf16OperandTile where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5;
        int row = product.Row(group) * GemmTile.Side, column = product.Column(group) * GemmTile.Side;
        int warpRow = warp / 2 * Bf16GemmTile.WarpSide, warpColumn = warp % 2 * Bf16GemmTile.WarpSide;
        int tiles = Ptx.Shared(Bf16GemmTile.Tiles * Bf16GemmTile.Bytes), last = tiles + (Bf16GemmTile.Tiles - 1) * Bf16GemmTile.Bytes;
        int tile = tiles, free = last;
        int depth = product.Begin(group), end = product.End(group);
        int left = TLeft.Left(warpRow, lane), right = Bf16GemmTile.OperandBytes + TRight.Right(warpColumn, lane);
        var a = Bf16CpAsync<TLeft>.At(product.A(group), row, product.M, depth, end, thread);
        var b = Bf16CpAsync<TRight>.At(product.B(group), column, product.N, depth, end, thread);

        Begin(a, b, tiles);
        a = a.Next();
        b = b.Next();
        Begin(a, b, tiles + Bf16GemmTile.Bytes);
        WideAccumulators sums = default;
        for (; depth < end; depth += Bf16CpAsync<TLeft>.Depth)
        {
            // This tile has come, for all; and all are done with the one before, whose place the tile after next takes.
            Ptx.CpAsyncWait(1);
            Ptx.Barrier();
            a = a.Next();
            b = b.Next();
            Begin(a, b, free);
            sums = sums.MulAdd<TLeft, TRight>(tile, left, right).MulAdd<TLeft, TRight>(tile, TLeft.Next(left), TRight.Next(right));
            free = tile;
            tile = tile == last ? tiles : tile + Bf16GemmTile.Bytes;
        }
        Ptx.CpAsyncWait(0);
        Ptx.Barrier();
        sums.Store(epilogue, row + warpRow, column + warpColumn, product.C(group), tiles + warp * AccumulatorRow.SharedBytes, lane);
    }

    // Both operands' tiles are one batch. Behind the end of the sum there are zeros.
    static void Begin(Bf16CpAsync<TLeft> a, Bf16CpAsync<TRight> b, int tile)
    {
        a.Begin(tile);
        b.Begin(tile + Bf16GemmTile.OperandBytes);
        Ptx.CpAsyncCommit();
    }
}
