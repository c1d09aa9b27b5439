using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Columns that a group normalises: 32 lanes have four each, and eight warps every eighth row, eight rows on their way at once. Columns are
/// read twice, the second time from the second-level cache: 128 KiB a group for 256 rows.
/// </summary>
static class NormColumns
{
    public const int Threads = 256, Warps = Threads / 32, Columns = 128, AtOnce = 4 * Warps, SharedBytes = 16 * Threads;

    /// <summary>Sums over all rows from those of each warp, in every warp, in one order.</summary>
    public static Float4 Sum(Float4 sums, int shared, int thread)
    {
        Ptx.StoreShared4(shared + 16 * thread, sums);
        Ptx.Barrier();
        Float4 all = default;
        for (int warp = 0; warp < Warps; warp++) all += Ptx.LoadShared4(shared + 16 * (32 * warp + (thread & 31)));
        return all;
    }
}

/// <summary>As <see cref="NormalizeColumnsForward{TPack}"/>, 128 columns a group.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct ColumnNorm(MatrixAt v, MatrixAt y, MatrixAt norms, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormColumns.Columns + 4 * (thread & 31), shared = Ptx.Shared(NormColumns.SharedBytes);
        RowFoursAt ofV = new(v, NormColumns.Warps, c, cols), ofY = new(y, NormColumns.Warps, c, cols);
        long first = v.At(line, c), from = first, to = y.At(line, c);
        Float4 squares = default;
        for (int row = line; row < rows; row += 2 * NormColumns.AtOnce)
        {
            long behind = ofV.Behind(from);
            RowFours near = ofV.Read<FloatValues>(from, row, rows), far = ofV.Read<FloatValues>(behind, row + NormColumns.AtOnce, rows);
            squares += (near * near).Sum + (far * far).Sum;
            from = ofV.Behind(behind);
        }
        squares = NormColumns.Sum(squares, shared, thread);
        var norm = new Float4(Norm(squares.X), Norm(squares.Y), Norm(squares.Z), Norm(squares.W));
        var factor = WarpSum.All(1) / norm;
        Ptx.Store4(norms.At(0, c), norm, line, 1, c, cols);
        for (int row = line; row < rows; row += NormColumns.AtOnce)
        {
            ofY.Store<FloatValues>(to, ofV.Read<FloatValues>(first, row, rows) * factor, row, rows);
            first = ofV.Behind(first);
            to = ofY.Behind(to);
        }
    }

    static float Norm(float squares) => XMath.Max(XMath.Sqrt(squares), 1e-12f);
}

/// <summary>As <see cref="NormalizeColumnsGrad{TPack}"/>, 128 columns a group.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct ColumnNormGrad(MatrixAt dy, MatrixAt y, MatrixAt norms, MatrixAt dv, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormColumns.Columns + 4 * (thread & 31), shared = Ptx.Shared(NormColumns.SharedBytes);
        RowFoursAt ofDy = new(dy, NormColumns.Warps, c, cols), ofY = new(y, NormColumns.Warps, c, cols), ofDv = new(dv, NormColumns.Warps, c, cols);
        long firstDy = dy.At(line, c), firstY = y.At(line, c), fromDy = firstDy, fromY = firstY, to = dv.At(line, c);
        Float4 dots = default;
        for (int row = line; row < rows; row += NormColumns.AtOnce)
        {
            dots += (ofDy.Read<FloatValues>(fromDy, row, rows) * ofY.Read<FloatValues>(fromY, row, rows)).Sum;
            fromDy = ofDy.Behind(fromDy);
            fromY = ofY.Behind(fromY);
        }
        dots = NormColumns.Sum(dots, shared, thread);
        var factor = WarpSum.All(1) / Ptx.Load4(norms.At(0, c), 0, 1, c, cols);
        for (int row = line; row < rows; row += NormColumns.AtOnce)
        {
            RowFours grads = ofDy.Read<FloatValues>(firstDy, row, rows), along = ofY.Read<FloatValues>(firstY, row, rows) * dots;
            ofDv.Store<FloatValues>(to, ofDv.Read<FloatValues>(to, row, rows) + (grads - along) * factor, row, rows);
            firstDy = ofDy.Behind(firstDy);
            firstY = ofY.Behind(firstY);
            to = ofDv.Behind(to);
        }
    }
}

partial class CudaOps
{
    public override void NormalizeColumns(Tensor v, Tensor y, Tensor norms)
    {
        Same(v, y);
        MustBeFloats(v, y, norms);
        if (!IsOfFours(v) || !IsOfFours(y) || Address(norms.View) % 16 != 0) base.NormalizeColumns(v, y, norms);
        else
            Device.Launch(Pieces(v.Cols, NormColumns.Columns), NormColumns.Threads,
                new ColumnNorm(At(v), At(y), new(Address(norms.View), 0), v.Rows, v.Cols));
    }

    public override void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv)
    {
        Same(dy, y);
        MustBeFloats(dy, y, norms, dv);
        if (!IsOfFours(dy) || !IsOfFours(y) || !IsOfFours(dv) || Address(norms.View) % 16 != 0) base.NormalizeColumnsBackward(dy, y, norms, dv);
        else
            Device.Launch(Pieces(y.Cols, NormColumns.Columns), NormColumns.Threads,
                new ColumnNormGrad(At(dy), At(y), new(Address(norms.View), 0), At(dv), y.Rows, y.Cols));
    }
}
