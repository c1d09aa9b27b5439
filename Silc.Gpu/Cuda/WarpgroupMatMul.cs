using ILGPU;

namespace Silc;

/// <summary>
/// C = op(A)·op(B) of stored bf16 on tensor cores by <c>wgmma</c>, which reads both operands from shared memory: for GPUs of compute capability 9.0,
/// and for them alone. Tile order, sums' split and epilogue are those of <see cref="HalfMatMul{TLeft,TRight,TEpilogue}"/>.
/// </summary>
readonly struct WarpgroupMatMul<TLeft, TRight, TShape, TEpilogue>(Product product, TEpilogue epilogue) : IKernel
    where TLeft : struct, IHalfOperand where TRight : struct, IHalfOperand where TShape : struct, IWarpgroups where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, warp = thread >> 5 & 3, warpgroup = thread >> 7;
        int row = product.Row(group) * WarpgroupTile<TShape>.Rows, column = product.Column(group) * WarpgroupTile<TShape>.Columns;
        int depth = product.Begin(group), end = product.End(group), steps = (end - depth + WarpgroupTile<TShape>.Depth - 1) / WarpgroupTile<TShape>.Depth;
        int tiles = Ptx.Dynamic(), line = thread >> 3, unit = thread & 7;
        MatrixAt a = product.A(group), b = product.B(group);
        int rowOfA = TLeft.Turned ? depth + line : row + line, columnOfA = (TLeft.Turned ? row : depth) + 8 * unit;
        int rowOfB = TRight.Turned ? depth + line : column + line, columnOfB = (TRight.Turned ? column : depth) + 8 * unit;
        var sums = Ptx.WarpgroupProduct<TLeft, TRight, TShape>(tiles, WarpgroupTile<TShape>.LineBytes * line + 16 * (unit ^ line & 7),
            a.At(rowOfA, columnOfA), Step(a), TLeft.Turned ? 2L * WarpgroupTile<TShape>.Depth * a.Stride : WarpgroupTile<TShape>.LineBytes,
            TLeft.Turned ? product.M - columnOfA : product.M - rowOfA, TLeft.Turned ? end - rowOfA : end - columnOfA,
            b.At(rowOfB, columnOfB), Step(b), TRight.Turned ? 2L * WarpgroupTile<TShape>.Depth * b.Stride : WarpgroupTile<TShape>.LineBytes,
            TRight.Turned ? product.N - columnOfB : product.N - rowOfB, TRight.Turned ? end - rowOfB : end - columnOfB,
            steps, warpgroup * WarpgroupTile<TShape>.WarpgroupRows * WarpgroupTile<TShape>.LineBytes);
        sums.Store(epilogue, row + warpgroup * WarpgroupTile<TShape>.WarpgroupRows + 16 * warp, column, product.C(group),
            tiles + (thread >> 5) * SumsRow.SharedBytes, lane);
    }

    // Eight threads copy a line.
    static long Step(MatrixAt x) => 2L * WarpgroupTile<TShape>.Threads / 8 * x.Stride;
}

/// <summary>What a warp holds of a warpgroup's sums: 16 of each 64 rows, 128 columns.</summary>
readonly struct WarpgroupSums(WideRow a0, WideRow a1, WideRow b0, WideRow b1)
{
    readonly WideRow a0 = a0, a1 = a1, b0 = b0, b1 = b1;

    public void Store<TEpilogue>(TEpilogue to, int row, int column, long offset, int shared, int lane) where TEpilogue : struct, IEpilogue
    {
        a0.Store(to, row, column, offset, shared, lane);
        a1.Store(to, row, column + 64, offset, shared, lane);
        b0.Store(to, row + 64, column, offset, shared, lane);
        b1.Store(to, row + 64, column + 64, offset, shared, lane);
    }
}
