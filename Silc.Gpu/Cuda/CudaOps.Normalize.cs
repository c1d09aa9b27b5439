using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Columns that a group normalises: 32 lanes have four each, and eight warps every eighth row, eight rows on their way at once. Columns are
/// read twice, the second time from the second-level cache: 128 KiB a group for 256 rows.
/// </summary>
static class NormalizeColumnsTile
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
readonly struct CudaNormalizeColumns(MatrixPointer v, MatrixPointer y, MatrixPointer norms, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormalizeColumnsTile.Columns + 4 * (thread & 31), shared = Ptx.Shared(NormalizeColumnsTile.SharedBytes);
        RowQuadsPointer ofV = new(v, NormalizeColumnsTile.Warps, c, cols), ofY = new(y, NormalizeColumnsTile.Warps, c, cols);
        long first = v.At(line, c), from = first, to = y.At(line, c);
        Float4 squares = default;
        for (int row = line; row < rows; row += 2 * NormalizeColumnsTile.AtOnce)
        {
            long behind = ofV.Behind(from);
            RowQuads near = ofV.Read<Float32Quads>(from, row, rows), far = ofV.Read<Float32Quads>(behind, row + NormalizeColumnsTile.AtOnce, rows);
            squares += (near * near).Sum + (far * far).Sum;
            from = ofV.Behind(behind);
        }
        squares = NormalizeColumnsTile.Sum(squares, shared, thread);
        var norm = new Float4(Norm(squares.X), Norm(squares.Y), Norm(squares.Z), Norm(squares.W));
        var factor = WarpReduce.All(1) / norm;
        Ptx.Store4(norms.At(0, c), norm, line, 1, c, cols);
        for (int row = line; row < rows; row += NormalizeColumnsTile.AtOnce)
        {
            ofY.Store<Float32Quads>(to, ofV.Read<Float32Quads>(first, row, rows) * factor, row, rows);
            first = ofV.Behind(first);
            to = ofY.Behind(to);
        }
    }

    static float Norm(float squares) => XMath.Max(XMath.Sqrt(squares), 1e-12f);
}

/// <summary>As <see cref="NormalizeColumnsGrad{TPack}"/>, 128 columns a group.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaNormalizeColumnsGrad(MatrixPointer dy, MatrixPointer y, MatrixPointer norms, MatrixPointer dv, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormalizeColumnsTile.Columns + 4 * (thread & 31), shared = Ptx.Shared(NormalizeColumnsTile.SharedBytes);
        RowQuadsPointer ofDy = new(dy, NormalizeColumnsTile.Warps, c, cols), ofY = new(y, NormalizeColumnsTile.Warps, c, cols), ofDv = new(dv, NormalizeColumnsTile.Warps, c, cols);
        long firstDy = dy.At(line, c), firstY = y.At(line, c), fromDy = firstDy, fromY = firstY, to = dv.At(line, c);
        Float4 dots = default;
        for (int row = line; row < rows; row += NormalizeColumnsTile.AtOnce)
        {
            dots += (ofDy.Read<Float32Quads>(fromDy, row, rows) * ofY.Read<Float32Quads>(fromY, row, rows)).Sum;
            fromDy = ofDy.Behind(fromDy);
            fromY = ofY.Behind(fromY);
        }
        dots = NormalizeColumnsTile.Sum(dots, shared, thread);
        var factor = WarpReduce.All(1) / Ptx.Load4(norms.At(0, c), 0, 1, c, cols);
        for (int row = line; row < rows; row += NormalizeColumnsTile.AtOnce)
        {
            RowQuads grads = ofDy.Read<Float32Quads>(firstDy, row, rows), along = ofY.Read<Float32Quads>(firstY, row, rows) * dots;
            ofDv.Store<Float32Quads>(to, ofDv.Read<Float32Quads>(to, row, rows) + (grads - along) * factor, row, rows);
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
            Device.Launch(DivUp(v.Cols, NormalizeColumnsTile.Columns), NormalizeColumnsTile.Threads,
                new CudaNormalizeColumns(At(v), At(y), new(Address(norms.View), 0), v.Rows, v.Cols));
    }

    public override void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv)
    {
        Same(dy, y);
        MustBeFloats(dy, y, norms, dv);
        if (!IsOfFours(dy) || !IsOfFours(y) || !IsOfFours(dv) || Address(norms.View) % 16 != 0) base.NormalizeColumnsBackward(dy, y, norms, dv);
        else
            Device.Launch(DivUp(y.Cols, NormalizeColumnsTile.Columns), NormalizeColumnsTile.Threads,
                new CudaNormalizeColumnsGrad(At(dy), At(y), new(Address(norms.View), 0), At(dv), y.Rows, y.Cols));
    }
}
