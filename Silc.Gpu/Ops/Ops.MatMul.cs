using ILGPU;

namespace Silc;

/// <summary>Where a batch of matrices lies: element (i, j) of matrix (b, h) is at <c>b·Batch + h·Head + i·Row + j·Col</c>.</summary>
readonly struct Layout(int batch, int head, int row, int col)
{
    public readonly int Batch = batch, Head = head, Row = row, Col = col;

    public int Start(int b, int h) => b * Batch + h * Head;
}

/// <summary>Eight neighbouring floats in registers.</summary>
readonly struct Eight(float c0, float c1, float c2, float c3, float c4, float c5, float c6, float c7)
{
    public readonly float C0 = c0, C1 = c1, C2 = c2, C3 = c3, C4 = c4, C5 = c5, C6 = c6, C7 = c7;

    public static Eight Load(Floats x, int i, int step) =>
        new(x[i], x[i + step], x[i + 2 * step], x[i + 3 * step], x[i + 4 * step], x[i + 5 * step], x[i + 6 * step], x[i + 7 * step]);

    /// <summary>As <see cref="Load"/> for the last columns: what lies outside is read from the last column, and never stored.</summary>
    public static Eight LoadEdge(Floats x, int i, int step, int count)
    {
        int e = count - 1;
        return new(x[i], x[i + Least(1, e) * step], x[i + Least(2, e) * step], x[i + Least(3, e) * step], x[i + Least(4, e) * step],
            x[i + Least(5, e) * step], x[i + Least(6, e) * step], x[i + Least(7, e) * step]);
    }

    static int Least(int a, int b) => a < b ? a : b;

    public Eight MulAdd(float a, Eight b) => new(C0 + a * b.C0, C1 + a * b.C1, C2 + a * b.C2, C3 + a * b.C3,
        C4 + a * b.C4, C5 + a * b.C5, C6 + a * b.C6, C7 + a * b.C7);

    public float At(int i) => i < 4 ? (i < 2 ? (i == 0 ? C0 : C1) : (i == 2 ? C2 : C3)) : (i < 6 ? (i == 4 ? C4 : C5) : (i == 6 ? C6 : C7));
}

/// <summary>
/// C = A·B for a batch of matrices of any layout; for a single one also plus a bias row and an addend, if wanted. A thread makes a 4 x 8 tile of C in
/// registers and reads its operands through the caches: no barrier, which OpenCL on a CPU pays dearly for.
/// </summary>
readonly struct TileMatMul(
    Floats a, Layout la, Floats b, Layout lb, Floats c, Layout lc, Floats bias, Floats addend,
    int addendRow, int m, int n, int k, int heads, int tiles, int hasBias, int hasAddend) : IKernel
{
    public const int TileRows = 4, TileCols = 8;

    public void Execute()
    {
        int tile = Grid.IdxX * Group.DimX + Group.IdxX;
        if (tile >= tiles) return;
        int across = (n + TileCols - 1) / TileCols, down = (m + TileRows - 1) / TileRows;
        int col = tile % across * TileCols, row = tile / across % down * TileRows, matrix = tile / across / down;
        int batch = matrix / heads, head = matrix % heads, rows = m - row, cols = n - col;

        int a0 = la.Start(batch, head) + row * la.Row;
        int a1 = a0 + (rows > 1 ? la.Row : 0), a2 = a1 + (rows > 2 ? la.Row : 0), a3 = a2 + (rows > 3 ? la.Row : 0);
        int bi = lb.Start(batch, head) + col * lb.Col;
        Eight c0 = default, c1 = default, c2 = default, c3 = default;
        if (cols >= TileCols && lb.Col == 1)
            for (int i = 0; i < k; i++)
            {
                var right = Eight.Load(b, bi + i * lb.Row, 1);
                c0 = c0.MulAdd(a[a0 + i * la.Col], right);
                c1 = c1.MulAdd(a[a1 + i * la.Col], right);
                c2 = c2.MulAdd(a[a2 + i * la.Col], right);
                c3 = c3.MulAdd(a[a3 + i * la.Col], right);
            }
        else
            for (int i = 0; i < k; i++)
            {
                var right = Eight.LoadEdge(b, bi + i * lb.Row, lb.Col, cols);
                c0 = c0.MulAdd(a[a0 + i * la.Col], right);
                c1 = c1.MulAdd(a[a1 + i * la.Col], right);
                c2 = c2.MulAdd(a[a2 + i * la.Col], right);
                c3 = c3.MulAdd(a[a3 + i * la.Col], right);
            }

        int ci = lc.Start(batch, head) + row * lc.Row + col * lc.Col;
        Store(ci, c0, row, col, cols);
        if (rows > 1) Store(ci + lc.Row, c1, row + 1, col, cols);
        if (rows > 2) Store(ci + 2 * lc.Row, c2, row + 2, col, cols);
        if (rows > 3) Store(ci + 3 * lc.Row, c3, row + 3, col, cols);
    }

    void Store(int index, Eight sums, int row, int col, int cols)
    {
        for (int j = 0; j < TileCols && j < cols; j++)
        {
            float value = sums.At(j);
            if (hasBias != 0) value += bias[col + j];
            if (hasAddend != 0) value += addend[row * addendRow + col + j];
            c[index + j * lc.Col] = value;
        }
    }
}

partial class Ops<TPack>
{
    public override void MatMul(Tensor a, Tensor b, Tensor c, Transpose transpose = Transpose.None, Tensor bias = default, Tensor addend = default)
    {
        var (m, n, k) = ProductSize(a, b, c, transpose);
        Batched(a.View, transpose == Transpose.A ? new(0, 0, 1, a.Stride) : new(0, 0, a.Stride, 1),
            b.View, transpose == Transpose.B ? new(0, 0, 1, b.Stride) : new(0, 0, b.Stride, 1),
            c.View, new(0, 0, c.Stride, 1), m, n, k, 1, 1, bias, addend);
    }

    public override void MatMulGelu(Tensor x, Tensor kernel, Tensor bias, Tensor h, Tensor y, GeluKind kind)
    {
        MatMul(x, kernel, h, bias: bias);
        Gelu(h, y, kind);
    }

    public override void MatMulGeluBackward(Tensor dy, Tensor kernel, Tensor h, Tensor dh, Tensor y, GeluKind kind)
    {
        MatMul(dy, kernel, dh, Transpose.B);
        GeluBackward(h, dh, y, kind);
    }

    public override void LinearGrads(Tensor x, Tensor dy, Tensor dKernel, Tensor dBias)
    {
        MatMul(x, dy, dKernel, Transpose.A, addend: dKernel);
        SumRows(dy, dBias);
    }

    /// <summary>One product for each of batch · heads matrices.</summary>
    protected virtual void Batched(ArrayView<float> a, Layout la, ArrayView<float> b, Layout lb, ArrayView<float> c, Layout lc,
        int m, int n, int k, int batch, int heads, Tensor bias = default, Tensor addend = default)
    {
        int tiles = (m + TileMatMul.TileRows - 1) / TileMatMul.TileRows * ((n + TileMatMul.TileCols - 1) / TileMatMul.TileCols) * batch * heads;
        // A kernel argument must be a real view, also where it is not read.
        Device.Launch((tiles + Device.TileLanes - 1) / Device.TileLanes, Device.TileLanes, new TileMatMul(
            a, la, b, lb, c, lc, bias.Cols > 0 ? bias.View : c, addend.Cols > 0 ? addend.View : c, addend.Stride, m, n, k, heads, tiles,
            bias.Cols > 0 ? 1 : 0, addend.Cols > 0 ? 1 : 0));
    }

    /// <summary>Checks that op(a)·op(b) has the shape of c; returns its rows, columns and the length of the sums.</summary>
    protected static (int M, int N, int K) ProductSize(Tensor a, Tensor b, Tensor c, Transpose transpose)
    {
        var (m, k) = transpose == Transpose.A ? (a.Cols, a.Rows) : (a.Rows, a.Cols);
        var (inner, n) = transpose == Transpose.B ? (b.Cols, b.Rows) : (b.Rows, b.Cols);
        return k == inner && c.Rows == m && c.Cols == n
            ? (m, n, k)
            : throw new ArgumentException($"cannot multiply {m} x {k} by {inner} x {n} into {c.Rows} x {c.Cols}");
    }
}
