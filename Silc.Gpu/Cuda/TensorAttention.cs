using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Attention's tensors: rows of picture b begin at row b · queries (or keys), channels of head h in column h · size. A group of threads works on
/// one head of one picture.
/// </summary>
readonly struct HeadsAt(MatrixAt q, MatrixAt k, MatrixAt v, MatrixAt o, MatrixAt dO, long lse, long delta, int queries, int keys, int heads, int size, float scale)
{
    public readonly int Queries = queries, Keys = keys, Size = size;
    public readonly float Scale = scale;

    public MatrixAt Q(int head) => Of(q, head, Queries);
    public MatrixAt K(int head) => Of(k, head, Keys);
    public MatrixAt V(int head) => Of(v, head, Keys);
    public MatrixAt O(int head) => Of(o, head, Queries);
    public MatrixAt GradO(int head) => Of(dO, head, Queries);

    /// <summary>Where the tensor's head begins that has this shape.</summary>
    public MatrixAt Of(MatrixAt x, int head, int rows) => x.From((long)(head / heads) * rows * x.Stride + head % heads * Size);

    /// <summary>Addresses of what is kept for each row of scores: log Σ exp, and Σ dO·o.</summary>
    public long Lse(int head, int query) => lse + 4 * ((long)head * Queries + query);
    public long Delta(int head, int query) => delta + 4 * ((long)head * Queries + query);
}

/// <summary>A lane's scores of two rows and eight columns, and the functions of softmax on them. Exponentials are powers of 2, which is what GPUs have.</summary>
static class Scores
{
    public const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

    /// <summary>Scores times a factor; columns from <paramref name="columns"/> on are out of reach.</summary>
    public static SumsRow Scaled(SumsRow s, float factor, int column, int columns, int lane) => new(
        Scaled(s.N0, factor, column, columns, lane), Scaled(s.N1, factor, column + 8, columns, lane),
        Scaled(s.N2, factor, column + 16, columns, lane), Scaled(s.N3, factor, column + 24, columns, lane));

    static Float4 Scaled(Float4 s, float factor, int column, int columns, int lane)
    {
        column += FragmentLayout.SumColumn(lane, 0);
        return new(column < columns ? s.X * factor : float.MinValue, column + 1 < columns ? s.Y * factor : float.MinValue,
            column < columns ? s.Z * factor : float.MinValue, column + 1 < columns ? s.W * factor : float.MinValue);
    }

    /// <summary>2^(s - row's value).</summary>
    public static SumsRow Exp2(SumsRow s, float row, float rowBelow) => new(Exp2(s.N0, row, rowBelow), Exp2(s.N1, row, rowBelow), Exp2(s.N2, row, rowBelow), Exp2(s.N3, row, rowBelow));

    static Float4 Exp2(Float4 s, float row, float rowBelow) => new(Ptx.Exp2(s.X - row), Ptx.Exp2(s.Y - row), Ptx.Exp2(s.Z - rowBelow), Ptx.Exp2(s.W - rowBelow));

    public static float RowPeak(SumsRow s) => AcrossGroup(XMath.Max(XMath.Max(XMath.Max(s.N0.X, s.N0.Y), XMath.Max(s.N1.X, s.N1.Y)),
        XMath.Max(XMath.Max(s.N2.X, s.N2.Y), XMath.Max(s.N3.X, s.N3.Y))));

    public static float RowBelowPeak(SumsRow s) => AcrossGroup(XMath.Max(XMath.Max(XMath.Max(s.N0.Z, s.N0.W), XMath.Max(s.N1.Z, s.N1.W)),
        XMath.Max(XMath.Max(s.N2.Z, s.N2.W), XMath.Max(s.N3.Z, s.N3.W))));

    /// <summary>This lane's part of a row's sum.</summary>
    public static float RowSum(SumsRow s) => s.N0.X + s.N0.Y + (s.N1.X + s.N1.Y) + (s.N2.X + s.N2.Y + (s.N3.X + s.N3.Y));
    public static float RowBelowSum(SumsRow s) => s.N0.Z + s.N0.W + (s.N1.Z + s.N1.W) + (s.N2.Z + s.N2.W + (s.N3.Z + s.N3.W));

    // The four lanes of a group hold a row.
    static float AcrossGroup(float peak)
    {
        peak = XMath.Max(peak, Ptx.ShuffleXor(peak, 1));
        return XMath.Max(peak, Ptx.ShuffleXor(peak, 2));
    }

    public static float SumAcrossGroup(float sum)
    {
        sum += Ptx.ShuffleXor(sum, 1);
        return sum + Ptx.ShuffleXor(sum, 2);
    }
}

/// <summary>
/// o = softmax(q·kᵀ·scale)·v without the scores ever leaving the registers: keys and values pass by 32 at a time, and sums so far are scaled down
/// when a larger score comes. A group takes 64 queries, a warp 16. Dao et al. 2022, arXiv:2205.14135.
/// </summary>
readonly struct TensorAttention<TMma, TSize, TReads>(HeadsAt heads, Cells cells, int blocks) : IKernel
    where TMma : struct, IMma where TSize : struct, IHeadSize where TReads : struct, IReads
{
    public const int Threads = 128, Rows = 64;

    public void Execute()
    {
        int thread = Group.IdxX, group = Grid.IdxX, lane = thread & 31, row = thread / 32 * 16, head = group / blocks, first = group % blocks * Rows;
        int q = Ptx.Shared(HeadTile<TMma, TSize, TReads>.Bytes(Rows + 2 * HeadTile<TMma, TSize, TReads>.Passing));
        int k = q + HeadTile<TMma, TSize, TReads>.Bytes(Rows), v = k + HeadTile<TMma, TSize, TReads>.Bytes(HeadTile<TMma, TSize, TReads>.Passing);
        MatrixAt keys = heads.K(head), values = heads.V(head);
        HeadTile<TMma, TSize, TReads>.Copy(heads.Q(head), first, Rows, heads.Queries, heads.Size, q, thread, Threads);

        float peak = float.MinValue, peakBelow = float.MinValue, sum = 0, sumBelow = 0;
        HeadSums<TMma, TSize, TReads> o = default;
        for (int key = 0; key < heads.Keys; key += HeadTile<TMma, TSize, TReads>.Passing)
        {
            HeadTile<TMma, TSize, TReads>.Copy(keys, key, HeadTile<TMma, TSize, TReads>.Passing, heads.Keys, heads.Size, k, thread, Threads);
            HeadTile<TMma, TSize, TReads>.Copy(values, key, HeadTile<TMma, TSize, TReads>.Passing, heads.Keys, heads.Size, v, thread, Threads);
            Ptx.Barrier();
            var s = Scores.Scaled(HeadTile<TMma, TSize, TReads>.Products(q, row, k, lane), heads.Scale * Scores.Log2E, key, heads.Keys, lane);
            float higher = XMath.Max(peak, Scores.RowPeak(s)), higherBelow = XMath.Max(peakBelow, Scores.RowBelowPeak(s));
            float fade = Ptx.Exp2(peak - higher), fadeBelow = Ptx.Exp2(peakBelow - higherBelow);
            var p = Scores.Exp2(s, higher, higherBelow);
            sum = sum * fade + Scores.RowSum(p);
            sumBelow = sumBelow * fadeBelow + Scores.RowBelowSum(p);
            o = o.Scale(fade, fadeBelow).Add(p, v, lane);
            (peak, peakBelow) = (higher, higherBelow);
            Ptx.Barrier();
        }

        sum = Scores.SumAcrossGroup(sum);
        sumBelow = Scores.SumAcrossGroup(sumBelow);
        int query = first + row + FragmentLayout.SumRow(lane, 0), queryBelow = first + row + FragmentLayout.SumRow(lane, 2);
        // One lane of a group stores; predicated, so that the warp stays together.
        int rows = FragmentLayout.Member(lane) == 0 ? heads.Queries : 0;
        Ptx.Store(heads.Lse(head, query), peak * Scores.Ln2 + XMath.Log(sum), query, rows);
        Ptx.Store(heads.Lse(head, queryBelow), peakBelow * Scores.Ln2 + XMath.Log(sumBelow), queryBelow, rows);
        o.Scale(1 / sum, 1 / sumBelow).Store(new Sums(heads.O(head), default, default, cells), first + row, q + thread / 32 * SumsBlock.SharedBytes, lane);
    }
}
