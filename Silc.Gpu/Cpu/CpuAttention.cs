using System.Numerics;
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

    public static int WorkItems(in AttentionArgs t) => t.Batch * t.Heads;

    /// <summary>Computes O and the log-sum-exp of one image and head.</summary>
    public static void Forward(in AttentionArgs t, int item)
    {
        var h = new Head(t, item);
        int stride = ScoreStride(t.Keys), block = BlockRows(t);
        var s = Scratch.Attention((nint)block * stride);
        for (int row = 0; row < t.Queries; row += block)
        {
            int rows = Math.Min(block, t.Queries - row);
            var q = h.Q + (nint)row * t.LdQ;
            var o = h.O + (nint)row * t.LdO;
            Multiply(GemmArgs.Product(rows, t.Keys, t.HeadSize, q, t.LdQ, false, h.K, t.LdK, true, s, stride).Scaled(t.Scale));
            for (int i = 0; i < rows; i++) h.LogSumExp[row + i] = ExpRow(s + (nint)i * stride, t.Keys, out s[(nint)i * stride + stride - 1]);
            Multiply(GemmArgs.Product(rows, t.HeadSize, t.Keys, s, stride, false, h.V, t.LdV, false, o, t.LdO));
            // The sum divides rows of O, which are shorter than rows of scores; it waits behind the scores.
            for (int i = 0; i < rows; i++) ScaleRow(o + (nint)i * t.LdO, 1 / s[(nint)i * stride + stride - 1], t.HeadSize);
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
        var p = Scratch.Attention(2 * (nint)block * stride);
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
                SoftmaxGradRow(p + (nint)i * stride, ds + (nint)i * stride, h.LogSumExp[row + i], mean, t.Keys);
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

    static void Multiply(in GemmArgs g) => CpuGemm.Compute(g, new GemmPlan(1, 1), 0);

    // Whole vectors, and room for the sum behind the scores. The odd number of cache lines keeps rows out of each other's cache sets.
    static int ScoreStride(int keys)
    {
        int lines = (keys + Vector<float>.Count + 15) / 16;
        return 16 * (lines | 1);
    }

    // Blocks of equal size, a multiple of 24 rows: whole tiles for every micro-kernel.
    static int BlockRows(in AttentionArgs t)
    {
        int most = Math.Max(24, MaxScores / ScoreStride(t.Keys));
        int blocks = (t.Queries + most - 1) / most;
        return Math.Min(t.Queries, (t.Queries + 24 * blocks - 1) / (24 * blocks) * 24);
    }
}
