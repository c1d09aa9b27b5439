using ILGPU;

namespace Silc;

/// <summary>y[n] = table[tokens[n]].</summary>
readonly struct EmbedForward<TPack>(ArrayView<int> tokens, FloatPointer table, FloatPointer y, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int from = tokens[row] * cols, to = row * cols;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(y, to + c, TPack.Load(table, from + c));
            for (int c = vectorEnd + thread; c < cols; c += threads) y[to + c] = table[from + c];
        }
    }
}

/// <summary>
/// dTable[token] += Σ dy over the positions of that token. Positions are sorted by token, and the first of each run adds up the whole run:
/// no atomics, so deterministic.
/// </summary>
readonly struct EmbedGrad<TPack>(
    ArrayView<int> tokens, ArrayView<int> order, FloatPointer dy, FloatPointer dTable, int rows, int cols) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = cols / TPack.Width * TPack.Width;
        for (int i = BlockRange.First(rows); i < last; i++)
        {
            int token = tokens[order[i]];
            if (i > 0 && tokens[order[i - 1]] == token) continue;
            int end = i + 1;
            while (end < rows && tokens[order[end]] == token) end++;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) At<TPack>(c, i, end, token);
            for (int c = vectorEnd + thread; c < cols; c += threads) At<Pack1>(c, i, end, token);
        }
    }

    void At<P>(int c, int from, int end, int token) where P : struct, IPack<P>
    {
        var sum = P.Load(dTable, token * cols + c);
        for (int i = from; i < end; i++) sum += P.Load(dy, order[i] * cols + c);
        P.Store(dTable, token * cols + c, sum);
    }
}

/// <summary>Row n·T + t of y is patch t of image n: patch·patch·3 values in the order of the pixels.</summary>
readonly struct PatchesForward<TPack>(FloatPointer pixels, FloatPointer y, int rows, int side, int patch) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        int grid = side / patch, tokens = grid * grid, line = patch * 3, vectorEnd = line / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int image = row / tokens, t = row % tokens, top = t / grid * patch, left = t % grid * patch;
            for (int dy = 0; dy < patch; dy++)
            {
                int from = ((image * side + top + dy) * side + left) * 3, to = (row * patch + dy) * line;
                for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width) TPack.Store(y, to + c, TPack.Load(pixels, from + c));
                for (int c = vectorEnd + thread; c < line; c += threads) y[to + c] = pixels[from + c];
            }
        }
    }
}

partial class Ops<TPack>
{
    public override void Embed(ArrayView<int> tokens, Tensor table, Tensor y) =>
        Device.ForRows(y.Rows, new EmbedForward<TPack>(tokens, Dense(table), Dense(y), y.Rows, y.Cols));

    public override void EmbedBackward(ArrayView<int> tokens, ArrayView<int> order, Tensor dy, Tensor dTable) =>
        Device.ForRows(dy.Rows, new EmbedGrad<TPack>(tokens, order, Dense(dy), Dense(dTable), dy.Rows, dy.Cols));

    public override void Patches(Tensor pixels, Tensor y, int side, int patch)
    {
        CheckPatches(pixels, y, side, patch);
        Device.ForRows(y.Rows, new PatchesForward<TPack>(Dense(pixels), Dense(y), y.Rows, side, patch));
    }

    /// <summary>Throws unless y has room for the patches of these images.</summary>
    protected static void CheckPatches(Tensor pixels, Tensor y, int side, int patch)
    {
        int grid = side / patch;
        if (!pixels.IsDense || pixels.DType != DType.Float32 || pixels.Cols != side * side * 3 || y.Rows != pixels.Rows * grid * grid
            || y.Cols != patch * patch * 3)
            throw new ArgumentException(
                $"{pixels.Rows} x {pixels.Cols} pixels of side {side} do not become {y.Rows} x {y.Cols} patches of side {patch}");
    }
}
