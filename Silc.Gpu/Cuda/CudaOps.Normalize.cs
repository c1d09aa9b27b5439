using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Tile of the column normalization: a block takes 128 columns, four a lane, and warp w takes rows w, w + 8, …; eight loads are in flight
/// at once. Columns are read twice, the second time from L2: 128 KiB a block for 256 rows.
/// </summary>
static class NormalizeColumnsTile
{
    public const int Threads = 256, Warps = Threads / 32, Columns = 128, RowsPerPass = 4 * Warps, SharedBytes = 16 * Threads;

    /// <summary>Block reduction over the warps, of each column; the result is in every warp, and the order of additions is fixed.</summary>
    public static Float4 BlockSum(Float4 sums, int shared, int thread)
    {
        Ptx.StoreShared4(shared + 16 * thread, sums);
        Ptx.SyncThreads();
        Float4 all = default;
        for (int warp = 0; warp < Warps; warp++) all += Ptx.LoadShared4(shared + 16 * (32 * warp + (thread & 31)));
        return all;
    }
}

/// <summary>As <see cref="NormalizeColumnsForward{TPack}"/>, 128 columns a block.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaNormalizeColumns(MatrixPointer v, MatrixPointer y, MatrixPointer norms, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormalizeColumnsTile.Columns + 4 * (thread & 31),
            shared = Ptx.Shared(NormalizeColumnsTile.SharedBytes);
        RowQuadsPointer ofV = new(v, NormalizeColumnsTile.Warps, c, cols), ofY = new(y, NormalizeColumnsTile.Warps, c, cols);
        long first = v.At(line, c), from = first, to = y.At(line, c);
        Float4 squares = default;
        for (int row = line; row < rows; row += 2 * NormalizeColumnsTile.RowsPerPass)
        {
            long next = ofV.Next(from);
            RowQuads near = ofV.Load<Float32Quads>(from, row, rows), far = ofV.Load<Float32Quads>(next, row + NormalizeColumnsTile.RowsPerPass, rows);
            squares += (near * near).SumOfRows + (far * far).SumOfRows;
            from = ofV.Next(next);
        }
        squares = NormalizeColumnsTile.BlockSum(squares, shared, thread);
        var norm = new Float4(Norm(squares.X), Norm(squares.Y), Norm(squares.Z), Norm(squares.W));
        var factor = WarpReduce.Broadcast(1) / norm;
        Ptx.Store4(norms.At(0, c), norm, line, 1, c, cols);
        for (int row = line; row < rows; row += NormalizeColumnsTile.RowsPerPass)
        {
            ofY.Store<Float32Quads>(to, ofV.Load<Float32Quads>(first, row, rows) * factor, row, rows);
            first = ofV.Next(first);
            to = ofY.Next(to);
        }
    }

    static float Norm(float squares) => XMath.Max(XMath.Sqrt(squares), 1e-12f);
}

/// <summary>As <see cref="NormalizeColumnsGrad{TPack}"/>, 128 columns a block.</summary>
[Kernel(DeviceKind.Cuda)]
readonly struct CudaNormalizeColumnsGrad(MatrixPointer dy, MatrixPointer y, MatrixPointer norms, MatrixPointer dv, int rows, int cols) : IKernel
{
    public void Execute()
    {
        int thread = Group.IdxX, line = thread / 32, c = Grid.IdxX * NormalizeColumnsTile.Columns + 4 * (thread & 31),
            shared = Ptx.Shared(NormalizeColumnsTile.SharedBytes);
        RowQuadsPointer ofDy = new(dy, NormalizeColumnsTile.Warps, c, cols), ofY = new(y, NormalizeColumnsTile.Warps, c, cols),
            ofDv = new(dv, NormalizeColumnsTile.Warps, c, cols);
        long firstDy = dy.At(line, c), firstY = y.At(line, c), fromDy = firstDy, fromY = firstY, to = dv.At(line, c);
        Float4 dots = default;
        for (int row = line; row < rows; row += NormalizeColumnsTile.RowsPerPass)
        {
            dots += (ofDy.Load<Float32Quads>(fromDy, row, rows) * ofY.Load<Float32Quads>(fromY, row, rows)).SumOfRows;
            fromDy = ofDy.Next(fromDy);
            fromY = ofY.Next(fromY);
        }
        dots = NormalizeColumnsTile.BlockSum(dots, shared, thread);
        var factor = WarpReduce.Broadcast(1) / Ptx.Load4(norms.At(0, c), 0, 1, c, cols);
        for (int row = line; row < rows; row += NormalizeColumnsTile.RowsPerPass)
        {
            RowQuads grads = ofDy.Load<Float32Quads>(firstDy, row, rows), projection = ofY.Load<Float32Quads>(firstY, row, rows) * dots;
            ofDv.Store<Float32Quads>(to, ofDv.Load<Float32Quads>(to, row, rows) + (grads - projection) * factor, row, rows);
            firstDy = ofDy.Next(firstDy);
            firstY = ofY.Next(firstY);
            to = ofDv.Next(to);
        }
    }
}

partial class CudaOps
{
    public override void NormalizeColumns(Tensor v, Tensor y, Tensor norms)
    {
        Same(v, y);
        MustBeFloats(v, y, norms);
        if (!IsVectorized(v) || !IsVectorized(y) || Address(norms.View) % 16 != 0) base.NormalizeColumns(v, y, norms);
        else
            Device.Launch(DivUp(v.Cols, NormalizeColumnsTile.Columns), NormalizeColumnsTile.Threads,
                new CudaNormalizeColumns(At(v), At(y), new(Address(norms.View), 0), v.Rows, v.Cols));
    }

    public override void NormalizeColumnsBackward(Tensor dy, Tensor y, Tensor norms, Tensor dv)
    {
        Same(dy, y);
        MustBeFloats(dy, y, norms, dv);
        if (!IsVectorized(dy) || !IsVectorized(y) || !IsVectorized(dv) || Address(norms.View) % 16 != 0)
            base.NormalizeColumnsBackward(dy, y, norms, dv);
        else
            Device.Launch(DivUp(y.Cols, NormalizeColumnsTile.Columns), NormalizeColumnsTile.Threads,
                new CudaNormalizeColumnsGrad(At(dy), At(y), new(Address(norms.View), 0), At(dv), y.Rows, y.Cols));
    }
}
