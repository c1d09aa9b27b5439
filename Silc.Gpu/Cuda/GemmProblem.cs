namespace Silc;

/// <summary>
/// C (m, n) = op(A)·op(B) with sums of k terms, for a batch of matrices, in groups of threads that make one tile of one C each.
/// Groups can also share the sum of a tile: each of <c>splits</c> then takes <c>splitDepth</c> terms, and part p of C goes p ·
/// <c>partFloats</c> behind the first.
/// </summary>
readonly struct GemmProblem(MatrixPointer a, MatrixPointer b, int m, int n, int k, int down, int across, int splits, int splitDepth, long partFloats,
    Layout la, Layout lb, Layout lc, int heads)
{
    // Groups that run at the same time share their operands in the second-level cache if their tiles form a block rather than a
    // row.
    const int Block = 8;

    public readonly int M = m, N = n, K = k;

    public int Row(int group) => First(group) + InBlock(group) % Height(group);
    public int Column(int group) => InBlock(group) / Height(group);

    /// <summary>The terms of the sum that this group takes.</summary>
    public int Begin(int group) => Split(group) * splitDepth;
    public int End(int group) => Begin(group) + splitDepth < K ? Begin(group) + splitDepth : K;

    /// <summary>This group's matrices; <c>C</c> as floats behind the first.</summary>
    public MatrixPointer A(int group) => a.From(la.Start(Matrix(group) / heads, Matrix(group) % heads));
    public MatrixPointer B(int group) => b.From(lb.Start(Matrix(group) / heads, Matrix(group) % heads));
    public long C(int group) => lc.Start(Matrix(group) / heads, Matrix(group) % heads) + Split(group) * partFloats;

    int Tile(int group) => group % (down * across);
    int Split(int group) => group / (down * across) % splits;
    int Matrix(int group) => group / (down * across) / splits;
    int First(int group) => Tile(group) / (Block * across) * Block;
    int InBlock(int group) => Tile(group) % (Block * across);
    int Height(int group) => down - First(group) < Block ? down - First(group) : Block;
}
