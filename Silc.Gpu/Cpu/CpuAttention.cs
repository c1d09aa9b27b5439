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
    const int MaxSquare = 8 * 1024;     // floats of all scores of an image and head: 32 KiB, and the backward pass holds two

    public static int WorkItems(in AttentionArgs t) => t.Batch * t.Heads;

    /// <summary>Computes O and the log-sum-exp of one image and head.</summary>
    public static void Forward(in AttentionArgs t, int item)
    {
        if (Vector512.IsHardwareAccelerated && t.HeadSize < Tile12x32.Columns) Forward<Tile12x16>(t, item);
        else if (Vector512.IsHardwareAccelerated) Forward<Tile12x32>(t, item);
        else if (Vector256.IsHardwareAccelerated) Forward<Tile6x16>(t, item);
        else Forward<Tile8x8>(t, item);
    }

    /// <summary>The same with a given micro-kernel.</summary>
    public static void Forward<TTile>(in AttentionArgs t, int item) where TTile : struct, IMicroKernel
    {
        var h = new Head(t, item);
        if (Tiles<TTile>.Fit(t.Queries, t.HeadSize) && t.Keys * t.HeadSize <= MaxKeys) ForwardByTiles<TTile>(t, h);
        else ForwardByBlocks(t, h);
    }

    // As many query rows as a tile has, from their scores to their output: the scores never leave the L1 cache, and keys and values are
    // read from the L2.
    static void ForwardByTiles<TTile>(in AttentionArgs t, in Head h) where TTile : struct, IMicroKernel
    {
        int d = t.HeadSize, stride = Tiles<TTile>.WholeColumns(t.Keys);
        var s = ThreadScratch.Attention((nint)stride * (TTile.Rows + d));
        var keys = s + (nint)stride * TTile.Rows;
        Panels.Pack(h.K, t.LdK, false, t.Keys, d, TTile.Columns, keys);
        var sums = stackalloc float[TTile.Rows];
        for (int next = 0; Tiles<TTile>.Next(ref next, t.Queries, out int row, out int rows);)
        {
            float* q = h.Q + (nint)row * t.LdQ, o = h.O + (nint)row * t.LdO;
            Tiles<TTile>.MultiplyPanels(rows, stride, d, q, t.LdQ, keys, t.Scale, s, stride);
            for (int i = 0; i < rows; i++) h.LogSumExp[row + i] = ExpRow(s + i * stride, Seen(t, row + i), out sums[i]) + MathF.Log(sums[i]);
            if (t.Causal) Hide(t, s, stride, row, rows);
            Tiles<TTile>.Multiply(rows, d, t.Keys, s, stride, 1, h.V, t.LdV, 1, o, t.LdO);
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
            for (int i = 0; i < rows; i++)
                h.LogSumExp[row + i] = ExpRow(s + (nint)i * stride, Seen(t, row + i), out sums[i]) + MathF.Log(sums[i]);
            if (t.Causal) Hide(t, s, stride, row, rows);
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
        if (Vector512.IsHardwareAccelerated && t.HeadSize < Tile12x32.Columns) Backward<Tile12x16>(t, item);
        else if (Vector512.IsHardwareAccelerated) Backward<Tile12x32>(t, item);
        else if (Vector256.IsHardwareAccelerated) Backward<Tile6x16>(t, item);
        else Backward<Tile8x8>(t, item);
    }

    /// <summary>The same with a given micro-kernel.</summary>
    public static void Backward<TTile>(in AttentionArgs t, int item) where TTile : struct, IMicroKernel
    {
        var h = new Head(t, item);
        if (Tiles<TTile>.Fit(Math.Min(t.Queries, t.Keys), t.HeadSize) && (long)t.Queries * Tiles<TTile>.WholeColumns(t.Keys) <= MaxSquare)
            BackwardByTiles<TTile>(t, h);
        else BackwardByBlocks(t, h);
    }

    // All scores of a short image at once: they, keys and values fit into the L1 or L2 cache, and nothing but keys and values is packed.
    static void BackwardByTiles<TTile>(in AttentionArgs t, in Head h) where TTile : struct, IMicroKernel
    {
        int d = t.HeadSize, stride = Tiles<TTile>.WholeColumns(t.Keys), queries = t.Queries;
        var p = ThreadScratch.Attention(2 * (nint)stride * (queries + d));
        float* ds = p + (nint)stride * queries, keys = ds + (nint)stride * queries, values = keys + (nint)stride * d;
        Panels.Pack(h.K, t.LdK, false, t.Keys, d, TTile.Columns, keys);
        Panels.Pack(h.V, t.LdV, false, t.Keys, d, TTile.Columns, values);
        for (int next = 0; Tiles<TTile>.Next(ref next, queries, out int row, out int rows);)
        {
            Tiles<TTile>.MultiplyPanels(rows, stride, d, h.Q + (nint)row * t.LdQ, t.LdQ, keys, t.Scale, p + (nint)row * stride, stride);
            Tiles<TTile>.MultiplyPanels(rows, stride, d, h.GradO + (nint)row * t.LdGradO, t.LdGradO, values, 1, ds + (nint)row * stride, stride);
        }
        for (int i = 0; i < queries; i++) SoftmaxGrad(t, h, p + (nint)i * stride, ds + (nint)i * stride, i);
        if (t.Causal)
        {
            Hide(t, p, stride, 0, queries);
            Hide(t, ds, stride, 0, queries);
        }
        for (int next = 0; Tiles<TTile>.Next(ref next, t.Keys, out int key, out int rows);)
        {
            Tiles<TTile>.Multiply(rows, d, queries, p + key, 1, stride, h.GradO, t.LdGradO, 1, h.GradV + (nint)key * t.LdGradV, t.LdGradV);
            Tiles<TTile>.Multiply(rows, d, queries, ds + key, 1, stride, h.Q, t.LdQ, t.Scale, h.GradK + (nint)key * t.LdGradK, t.LdGradK);
        }
        for (int next = 0; Tiles<TTile>.Next(ref next, queries, out int row, out int rows);)
            Tiles<TTile>.Multiply(rows, d, t.Keys, ds + (nint)row * stride, stride, 1, h.K, t.LdK, t.Scale,
                h.GradQ + (nint)row * t.LdGradQ, t.LdGradQ);
    }

    static void SoftmaxGrad(in AttentionArgs t, in Head h, float* p, float* ds, int row)
    {
        var mean = Dot(h.GradO + (nint)row * t.LdGradO, h.O + (nint)row * t.LdO, t.HeadSize);
        SoftmaxGradRow(p, ds, h.LogSumExp[row], mean, Seen(t, row));
    }

    static void BackwardByBlocks(in AttentionArgs t, in Head h)
    {
        int stride = ScoreStride(t.Keys), block = BlockRows(t), d = t.HeadSize;
        var p = ThreadScratch.Attention(2 * (nint)block * stride);
        var ds = p + (nint)block * stride;
        for (int row = 0; row < t.Queries; row += block)
        {
            int rows = Math.Min(block, t.Queries - row);
            float* q = h.Q + (nint)row * t.LdQ, dO = h.GradO + (nint)row * t.LdGradO;
            Multiply(GemmArgs.Product(rows, t.Keys, d, q, t.LdQ, false, h.K, t.LdK, true, p, stride).Scaled(t.Scale));
            Multiply(GemmArgs.Product(rows, t.Keys, d, dO, t.LdGradO, false, h.V, t.LdV, true, ds, stride));
            for (int i = 0; i < rows; i++) SoftmaxGrad(t, h, p + (nint)i * stride, ds + (nint)i * stride, row + i);
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
    readonly struct Head
    {
        public readonly float* Q, K, V, O, GradQ, GradK, GradV, GradO, LogSumExp;

        public Head(in AttentionArgs t, int item)
        {
            int image = item / t.Heads, column = (item - image * t.Heads) * t.HeadSize;
            nint query = (nint)image * t.Queries, key = (nint)image * t.Keys;
            Q = t.Q + query * t.LdQ + column;
            O = t.O + query * t.LdO + column;
            K = t.K + key * t.LdK + column;
            V = t.V + key * t.LdV + column;
            GradQ = t.GradQ + query * t.LdGradQ + column;
            GradO = t.GradO + query * t.LdGradO + column;
            GradK = t.GradK + key * t.LdGradK + column;
            GradV = t.GradV + key * t.LdGradV + column;
            LogSumExp = t.LogSumExp + (nint)item * t.Queries;
        }
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
