namespace Silc;

/// <summary>
/// C (m, n) = op(A) (m, k) · op(B) (k, n), batched, one tile of one C a thread block. Split-K: each of <c>splits</c> blocks of a tile
/// reduces over <c>kPerSplit</c> of K, and split p stores its partial C p · <c>splitStride</c> floats behind the first.
/// Grouped rasterization: blocks that run at the same time reuse their operands in L2 if their tiles form a square rather than a row, so tiles are
/// taken column by column from <c>groupM</c> rows of tiles.
/// </summary>
readonly struct GemmProblem(MatrixPointer a, MatrixPointer b, int m, int n, int k, int tilesM, int tilesN, int splits,
    int kPerSplit, long splitStride,
    Layout la, Layout lb, Layout lc, int heads, int groupM)
{
    public readonly int M = m, N = n, K = k;

    public int TileRow(int block) => FirstRow(block) + IndexInGroup(block) % GroupRows(block);
    public int TileColumn(int block) => IndexInGroup(block) / GroupRows(block);

    /// <summary>The range of k that this block reduces over.</summary>
    public int KBegin(int block) => Split(block) * kPerSplit;
    public int KEnd(int block) => KBegin(block) + kPerSplit < K ? KBegin(block) + kPerSplit : K;

    /// <summary>This block's matrices; <c>C</c> as floats behind the first.</summary>
    public MatrixPointer A(int block) => a.Offset(la.Offset(Matrix(block) / heads, Matrix(block) % heads));
    public MatrixPointer B(int block) => b.Offset(lb.Offset(Matrix(block) / heads, Matrix(block) % heads));
    public long C(int block) => lc.Offset(Matrix(block) / heads, Matrix(block) % heads) + Split(block) * splitStride;

    int Tile(int block) => block % (tilesM * tilesN);
    int Split(int block) => block / (tilesM * tilesN) % splits;
    int Matrix(int block) => block / (tilesM * tilesN) / splits;
    int FirstRow(int block) => Tile(block) / (groupM * tilesN) * groupM;
    int IndexInGroup(int block) => Tile(block) % (groupM * tilesN);
    int GroupRows(int block) => tilesM - FirstRow(block) < groupM ? tilesM - FirstRow(block) : groupM;
}
