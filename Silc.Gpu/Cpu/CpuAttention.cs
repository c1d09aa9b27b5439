using System.Runtime.Intrinsics;
using static Silc.RowMath;

namespace Silc;

/// <summary>
/// O = softmax(Q Kᵀ · scale) V and its gradients on the CPU: one work item for each image and head, scores in the thread's scratch memory,
/// a block of query rows at a time, so that they stay in the L2 cache. Only the log-sum-exp of each row is kept; the backward pass
/// recomputes the probabilities from it (Dao et al. 2022, FlashAttention, arXiv:2205.14135).
/// </summary>
static unsafe class CpuAttention
{
    const int MaxScores = 40 * 1024;    // floats in a block of scores: 160 KiB, and the backward pass holds two
    const int MaxKeys = 32 * 1024;      // floats of K, and of V, that stay in the L2 cache: 128 KiB each

    public static int WorkItems(in AttentionArgs t) => t.Batch * t.Heads;

    /// <summary>Computes O and the log-sum-exp of one image and head.</summary>
    public static void Forward(in AttentionArgs t, int item)
    {
        if (Vector512.IsHardwareAccelerated) Forward<Tile12x32>(t, item);
        else if (Vector256.IsHardwareAccelerated) Forward<Tile6x16>(t, item);
        else Forward<Tile8x8>(t, item);
    }

    /// <summary>The same with a given micro-kernel.</summary>
    public static void Forward<TTile>(in AttentionArgs t, int item) where TTile : struct, IMicroKernel
    {
        var h = new Head(t, item);
        if (t.Queries >= TTile.Rows && t.HeadSize >= TTile.Columns && t.Keys * t.HeadSize <= MaxKeys) ForwardByTiles<TTile>(t, h);
        else ForwardByBlocks(t, h);
    }

    // As many query rows as a tile has, from their scores to their output: the scores never leave the L1 cache, and keys and values are
    // read from the L2. The remainder is covered by moving the last tile back to end at the edge, so that it computes some results twice.
    static void ForwardByTiles<TTile>(in AttentionArgs t, in Head h) where TTile : struct, IMicroKernel
    {
        int rows = TTile.Rows, columns = TTile.Columns, d = t.HeadSize, stride = (t.Keys + columns - 1) / columns * columns;
        var s = ThreadScratch.Attention((nint)stride * (rows + d));
        var keys = s + (nint)stride * rows;
        Panels.Pack(h.K, t.LdK, false, t.Keys, d, columns, keys);
        var sums = stackalloc float[rows];
        for (int next = 0; next < t.Queries; next += rows)
        {
            int row = Math.Min(next, t.Queries - rows);
            float* q = h.Q + (nint)row * t.LdQ, o = h.O + (nint)row * t.LdO;
            for (int key = 0; key < t.Keys; key += columns)
                TTile.Multiply(d, q, t.LdQ, 1, keys + (nint)key * d, columns, t.Scale, null, 0, s + key, stride);
            for (int i = 0; i < rows; i++) h.LogSumExp[row + i] = ExpRow(s + i * stride, Seen(t, row + i), out sums[i]);
            if (t.Causal) Hide(t, s, stride, row, rows);
            AddLog(sums, h.LogSumExp + row, rows);
            for (int c = 0; c < d; c += columns)
            {
                int column = Math.Min(c, d - columns);
                TTile.Multiply(t.Keys, s, stride, 1, h.V + column, t.LdV, 1, null, 0, o + column, t.LdO);
            }
            for (int i = 0; i < rows; i++) ScaleRow(o + (nint)i * t.LdO, 1 / sums[i], d);
        }
    }

    static void ForwardByBlocks(in AttentionArgs t, in Head h)
    {
        int stride = ScoreStride(t.Keys), block = BlockRows(t);
        var s = ThreadScratch.Attention((nint)block * stride);
        var sums = stackalloc float[block];
        for (int row = 0; row < t.Queries; row += block)
        {
            int rows = Math.Min(block, t.Queries - row);
            var q = h.Q + (nint)row * t.LdQ;
            var o = h.O + (nint)row * t.LdO;
            Multiply(GemmArgs.Product(rows, t.Keys, t.HeadSize, q, t.LdQ, false, h.K, t.LdK, true, s, stride).Scaled(t.Scale));
            for (int i = 0; i < rows; i++) h.LogSumExp[row + i] = ExpRow(s + (nint)i * stride, Seen(t, row + i), out sums[i]);
            if (t.Causal) Hide(t, s, stride, row, rows);
            AddLog(sums, h.LogSumExp + row, rows);
            Multiply(GemmArgs.Product(rows, t.HeadSize, t.Keys, s, stride, false, h.V, t.LdV, false, o, t.LdO));
            // The sum divides rows of O, which are shorter than rows of scores.
            for (int i = 0; i < rows; i++) ScaleRow(o + (nint)i * t.LdO, 1 / sums[i], t.HeadSize);
        }
    }

    /// <summary>
    /// Computes dQ, dK and dV of one image and head: with P the probabilities, dV = Pᵀ dO, dP = dO Vᵀ,
    /// dS = P ∘ (dP − rowsum(dO ∘ O)), dQ = scale · dS K, dK = scale · dSᵀ Q.
    /// </summary>
    public static void Backward(in AttentionArgs t, int item)
    {
        var h = new Head(t, item);
        int stride = ScoreStride(t.Keys), block = BlockRows(t), d = t.HeadSize;
        var p = ThreadScratch.Attention(2 * (nint)block * stride);
        var ds = p + (nint)block * stride;
        for (int row = 0; row < t.Queries; row += block)
        {
            int rows = Math.Min(block, t.Queries - row);
            float* q = h.Q + (nint)row * t.LdQ, o = h.O + (nint)row * t.LdO, dO = h.GradO + (nint)row * t.LdGradO;
            Multiply(GemmArgs.Product(rows, t.Keys, d, q, t.LdQ, false, h.K, t.LdK, true, p, stride).Scaled(t.Scale));
            Multiply(GemmArgs.Product(rows, t.Keys, d, dO, t.LdGradO, false, h.V, t.LdV, true, ds, stride));
            for (int i = 0; i < rows; i++)
            {
                var mean = Dot(dO + (nint)i * t.LdGradO, o + (nint)i * t.LdO, d);
                SoftmaxGradRow(p + (nint)i * stride, ds + (nint)i * stride, h.LogSumExp[row + i], mean, Seen(t, row + i));
            }
            if (t.Causal)
            {
                Hide(t, p, stride, row, rows);
                Hide(t, ds, stride, row, rows);
            }
            var dV = GemmArgs.Product(t.Keys, d, rows, p, stride, true, dO, t.LdGradO, false, h.GradV, t.LdGradV);
            var dK = GemmArgs.Product(t.Keys, d, rows, ds, stride, true, q, t.LdQ, false, h.GradK, t.LdGradK).Scaled(t.Scale);
            Multiply(row == 0 ? dV : dV.Accumulated());
            Multiply(row == 0 ? dK : dK.Accumulated());
            Multiply(GemmArgs.Product(rows, d, t.Keys, ds, stride, false, h.K, t.LdK, false,
                h.GradQ + (nint)row * t.LdGradQ, t.LdGradQ).Scaled(t.Scale));
        }
    }

    /// <summary>Where one image's and head's part of every matrix begins.</summary>
    readonly struct Head(in AttentionArgs t, int item)
    {
        public readonly float* Q = Part(t.Q, t.LdQ, t, item, t.Queries), O = Part(t.O, t.LdO, t, item, t.Queries);
        public readonly float* K = Part(t.K, t.LdK, t, item, t.Keys), V = Part(t.V, t.LdV, t, item, t.Keys);
        public readonly float* GradQ = Part(t.GradQ, t.LdGradQ, t, item, t.Queries), GradO = Part(t.GradO, t.LdGradO, t, item, t.Queries);
        public readonly float* GradK = Part(t.GradK, t.LdGradK, t, item, t.Keys), GradV = Part(t.GradV, t.LdGradV, t, item, t.Keys);
        public readonly float* LogSumExp = t.LogSumExp + (nint)item * t.Queries;

        static float* Part(float* matrix, nint stride, in AttentionArgs t, int item, int tokens) =>
            matrix + item / t.Heads * tokens * stride + item % t.Heads * t.HeadSize;
    }

    static int Seen(in AttentionArgs t, int query) => t.Causal ? Math.Min(t.Keys, query + 1) : t.Keys;

    // The causal mask: zeros for the keys behind queries row, row + 1, ….
    static void Hide(in AttentionArgs t, float* s, int stride, int row, int rows)
    {
        for (int i = 0; i < rows; i++)
        {
            int seen = Seen(t, row + i);
            new Span<float>(s + (nint)i * stride + seen, t.Keys - seen).Clear();
        }
    }

    static void Multiply(in GemmArgs g) => CpuGemm.Compute(g, new GemmPlan(1, 1), 0);

    // Whole vectors. The odd number of cache lines keeps rows out of each other's cache sets.
    static int ScoreStride(int keys) => 16 * ((keys + 15) / 16 | 1);

    // Blocks of equal size, a multiple of 24 rows: whole tiles for every micro-kernel.
    static int BlockRows(in AttentionArgs t)
    {
        int most = Math.Max(24, MaxScores / ScoreStride(t.Keys));
        int blocks = (t.Queries + most - 1) / most;
        return Math.Min(t.Queries, (t.Queries + 24 * blocks - 1) / (24 * blocks) * 24);
    }
}
