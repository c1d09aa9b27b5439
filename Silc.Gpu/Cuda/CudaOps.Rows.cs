using ILGPU;

namespace Silc;

/// <summary>y = x, from one form into another, four elements a thread.</summary>
readonly struct ConvertKernel<TFrom, TTo>(MatrixAt x, MatrixAt y, int rows, int cols) : IKernel
    where TFrom : struct, IValues where TTo : struct, IValues
{
    public void Execute()
    {
        int fours = cols / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / fours, column = thread % fours * 4;
        if (row < rows) TTo.Store(y.At(row, column), TFrom.Load(x.At(row, column)));
    }
}

/// <summary>Float32 at any address.</summary>
readonly struct AnyFloats : IValues
{
    public static bool Halves => false;
    public static Float4 Load(long address) => Ptx.LoadFour(address);
    public static void Store(long address, Float4 values) => Ptx.StoreFour(address, values);
}

/// <summary>As <see cref="PatchesForward{TPack}"/>, rounded: four values of a patch a thread, which lie in one row of pixels.</summary>
readonly struct HalfPatches(MatrixAt pixels, MatrixAt y, int rows, int side, int patch) : IKernel
{
    public void Execute()
    {
        int fours = patch * patch * 3 / 4, thread = Grid.IdxX * Group.DimX + Group.IdxX, row = thread / fours, column = thread % fours * 4;
        if (row >= rows) return;
        int grid = side / patch, tokens = grid * grid, picture = row / tokens, t = row % tokens, line = patch * 3;
        int down = t / grid * patch + column / line, across = t % grid * line + column % line;
        HalfValues.Store(y.At(row, column), AnyFloats.Load(pixels.At(picture, down * side * 3 + across)));
    }
}

/// <summary>
/// First stage of <see cref="Ops.SumRows"/>, as <see cref="SumBlocks{TPack}"/>: an item (block, t) a group, four columns a thread.
/// </summary>
readonly struct SumBlocksOf<TValues>(MatrixAt x, MatrixAt partial, int rows, int period, int blockRows, int cols) : IKernel
    where TValues : struct, IValues
{
    public const int Threads = 128;

    public void Execute()
    {
        int item = Grid.IdxX, block = item / period, from = block * blockRows + item % period;
        int end = (block + 1) * blockRows < rows ? (block + 1) * blockRows : rows;
        for (int column = Group.IdxX * 4; column < cols; column += Threads * 4)
        {
            Float4 sums = default;
            for (int row = from; row < end; row += period) sums += TValues.Load(x.At(row, column));
            Ptx.Store4(partial.At(item, column), sums);
        }
    }
}

/// <summary>
/// y[c] += Σ over rows of x[row, c], 32 columns a group: each of 16 warps adds every sixteenth row, then one adds what they found, in
/// their order.
/// </summary>
readonly struct ColumnSums(MatrixAt x, MatrixAt y, int rows, int cols) : IKernel
{
    const int Warps = 16;

    public const int Columns = 32, Threads = Columns * Warps;

    public void Execute()
    {
        int lane = Group.IdxX % Columns, warp = Group.IdxX / Columns, column = Grid.IdxX * Columns + lane, sums = Ptx.Shared(4 * Threads);
        float sum = 0;
        for (int row = warp; row < rows; row += Warps) sum += Ptx.Load(x.At(row, column), 0, 1, column, cols);
        Ptx.StoreShared(sums + 4 * Group.IdxX, sum);
        Ptx.Barrier();
        if (warp > 0) return;
        sum = Ptx.Load(y.At(0, column), 0, 1, column, cols);
        for (int i = 0; i < Warps; i++) sum += Ptx.LoadShared(sums + 4 * (i * Columns + lane));
        Ptx.Store(y.At(0, column), sum, column, cols);
    }
}

partial class CudaOps
{
    const int RowsOfSumBlock = 64;

    public override void Copy(Tensor x, Tensor y)
    {
        if (!IsHalf(x) && !IsHalf(y)) base.Copy(x, y);
        else if (x.Rows != y.Rows || x.Cols != y.Cols || x.Cols % 4 != 0)
            throw new ArgumentException($"cannot copy {x.Rows} x {x.Cols} of {x.Stored} to {y.Rows} x {y.Cols} of {y.Stored}");
        else if (!IsHalf(x)) Convert<AnyFloats, HalfValues>(x, y);
        else if (!IsHalf(y)) Convert<HalfValues, AnyFloats>(x, y);
        else Convert<HalfValues, HalfValues>(x, y);
    }

    void Convert<TFrom, TTo>(Tensor x, Tensor y) where TFrom : struct, IValues where TTo : struct, IValues =>
        Device.Launch(Pieces(x.Count / 4, 256), 256, new ConvertKernel<TFrom, TTo>(At(x), At(y), x.Rows, x.Cols));

    public override void Patches(Tensor pixels, Tensor y, int side, int patch)
    {
        if (IsHalf(y)) Device.Launch(Pieces(y.Count / 4, 256), 256, new HalfPatches(At(pixels), At(y), y.Rows, side, patch));
        else base.Patches(pixels, y, side, patch);
    }

    public override void SumRows(Tensor x, Tensor table)
    {
        if (!IsOfFours(x))
        {
            base.SumRows(x, table);
            return;
        }
        int period = table.Rows, blockRows = Pieces(RowsOfSumBlock, period) * period, blocks = Pieces(x.Rows, blockRows);
        var partial = new Tensor(Device.Workspace((long)blocks * table.Count), blocks * period, x.Cols);
        if (IsHalf(x)) SumBlocks<HalfValues>(x, partial, period, blockRows);
        else SumBlocks<FloatValues>(x, partial, period, blockRows);
        AddColumns(partial.Reshape(blocks, table.Count), new(Dense(table), 1, table.Count));
    }

    void SumBlocks<TValues>(Tensor x, Tensor partial, int period, int blockRows) where TValues : struct, IValues =>
        Device.Launch(partial.Rows, SumBlocksOf<TValues>.Threads, new SumBlocksOf<TValues>(At(x), At(partial), x.Rows, period, blockRows, x.Cols));

    // y += the sum of the rows of x.
    void AddColumns(Tensor x, Tensor y) =>
        Device.Launch(Pieces(x.Cols, ColumnSums.Columns), ColumnSums.Threads, new ColumnSums(At(x), At(y), x.Rows, x.Cols));
}
