using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// s ← softmax(s · scale) over each row, with the log-sum-exp saved in lse. With <c>recompute</c>, lse is given, and s ← exp(s · scale - lse).
/// </summary>
readonly struct AttentionSoftmax<TPack>(FloatPointer s, FloatPointer lse, int rows, int width, float scale, int recompute) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            if (recompute == 0)
            {
                float max = float.MinValue;    // subtracted first: exp overflows past 88
                for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                    max = XMath.Max(max, TPack.ReduceMax(TPack.Load(s, start + c)));
                for (int c = vectorEnd + thread; c < width; c += threads) max = XMath.Max(max, s[start + c]);
                max = BlockReduce.Max(max, thread, threads) * scale;
                float sum = 0;
                for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                    sum += TPack.Sum(TPack.Exp(TPack.Load(s, start + c) * TPack.Splat(scale) - TPack.Splat(max)));
                for (int c = vectorEnd + thread; c < width; c += threads) sum += XMath.Exp(s[start + c] * scale - max);
                float log = max + XMath.Log(BlockReduce.Sum(sum, thread, threads));
                if (thread == 0) lse[row] = log;
                Normalize(start, log, thread, threads, vectorEnd);
            }
            else Normalize(start, lse[row], thread, threads, vectorEnd);
        }
    }

    void Normalize(int start, float log, int thread, int threads, int vectorEnd)
    {
        for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            TPack.Store(s, start + c, TPack.Exp(TPack.Load(s, start + c) * TPack.Splat(scale) - TPack.Splat(log)));
        for (int c = vectorEnd + thread; c < width; c += threads) s[start + c] = XMath.Exp(s[start + c] * scale - log);
    }
}

/// <summary>
/// <see cref="AttentionSoftmax{TPack}"/> where query t sees keys 0 to t: the
/// others have probability 0. Rows are queries 0, 1, … of one head after another.
/// </summary>
readonly struct CausalSoftmax(FloatPointer s, FloatPointer lse, int rows, int queries, int width, float scale, int again) : IKernel
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width, seen = XMath.Min(width, row % queries + 1);
            float log;
            if (again == 0)
            {
                float peak = float.MinValue, sum = 0;
                for (int c = thread; c < seen; c += threads) peak = XMath.Max(peak, s[start + c]);
                peak = BlockReduce.Max(peak, thread, threads) * scale;
                for (int c = thread; c < seen; c += threads) sum += XMath.Exp(s[start + c] * scale - peak);
                log = peak + XMath.Log(BlockReduce.Sum(sum, thread, threads));
                if (thread == 0) lse[row] = log;
            }
            else log = lse[row];
            for (int c = thread; c < seen; c += threads) s[start + c] = XMath.Exp(s[start + c] * scale - log);
            for (int c = seen + thread; c < width; c += threads) s[start + c] = 0;
        }
    }
}

/// <summary>dp ← p·(dp - Σ p·dp)·scale over each row: the gradient of the scores before scaling.</summary>
readonly struct AttentionSoftmaxGrad<TPack>(FloatPointer p, FloatPointer dp, int rows, int width, float scale) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX, vectorEnd = width / TPack.Width * TPack.Width;
        for (int row = BlockRange.First(rows); row < last; row++)
        {
            int start = row * width;
            var dots = TPack.Splat(0);
            float tail = 0;
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                dots += TPack.Load(p, start + c) * TPack.Load(dp, start + c);
            for (int c = vectorEnd + thread; c < width; c += threads) tail += p[start + c] * dp[start + c];
            float dot = BlockReduce.Sum(TPack.Sum(dots) + tail, thread, threads);
            for (int c = thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
                TPack.Store(dp, start + c, TPack.Load(p, start + c) * (TPack.Load(dp, start + c) - TPack.Splat(dot)) * TPack.Splat(scale));
            for (int c = vectorEnd + thread; c < width; c += threads) dp[start + c] = p[start + c] * (dp[start + c] - dot) * scale;
        }
    }
}

partial class Ops<TPack>
{
    const int MaxScores = 1 << 24;       // 64 MiB of scores: larger batches are processed in chunks

    public override void Attention(Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, int batch, int heads, bool causal = false) =>
        InChunks(q, k, batch, heads, 1, (scores, _, first, count) =>
        {
            var (dim, scale, tq, tk) = Sizes(q, k, batch, heads);
            var (qs, ks, vs, os) = (ChunkOf(q, tq, first), ChunkOf(k, tk, first), ChunkOf(v, tk, first), ChunkOf(o, tq, first));
            Layout rowsOfS = new(heads * tq * tk, tq * tk, tk, 1);
            Batched(qs, Heads(q, tq, dim), ks, Transposed(k, tk, dim), scores, rowsOfS, tq, tk, dim, count, heads);
            Softmax(scores, Part(lse, first * heads * tq), count * heads * tq, tq, tk, scale, again: false, causal);
            Batched(scores, rowsOfS, vs, Heads(v, tk, dim), os, Heads(o, tq, dim), tq, dim, tk, count, heads);
        });

    public override void AttentionBackward(
        Tensor dO, Tensor q, Tensor k, Tensor v, Tensor o, Tensor lse, Tensor dQ, Tensor dK, Tensor dV, int batch, int heads, bool causal = false) =>
        InChunks(q, k, batch, heads, 2, (p, dp, first, count) =>
        {
            var (dim, scale, tq, tk) = Sizes(q, k, batch, heads);
            var rows = count * heads * tq;
            Layout scores = new(heads * tq * tk, tq * tk, tk, 1), transposed = new(heads * tq * tk, tq * tk, 1, tk);
            Batched(ChunkOf(q, tq, first), Heads(q, tq, dim), ChunkOf(k, tk, first), Transposed(k, tk, dim), p, scores, tq, tk, dim, count, heads);
            Softmax(p, Part(lse, first * heads * tq), rows, tq, tk, scale, again: true, causal);
            Batched(p, transposed, ChunkOf(dO, tq, first), Heads(dO, tq, dim), ChunkOf(dV, tk, first), Heads(dV, tk, dim), tk, dim, tq, count, heads);
            Batched(ChunkOf(dO, tq, first), Heads(dO, tq, dim), ChunkOf(v, tk, first), Transposed(v, tk, dim), dp, scores, tq, tk, dim, count, heads);
            Device.ForRows(rows, new AttentionSoftmaxGrad<TPack>(p, dp, rows, tk, scale));
            Batched(dp, scores, ChunkOf(k, tk, first), Heads(k, tk, dim), ChunkOf(dQ, tq, first), Heads(dQ, tq, dim), tq, dim, tk, count, heads);
            Batched(dp, transposed, ChunkOf(q, tq, first), Heads(q, tq, dim), ChunkOf(dK, tk, first), Heads(dK, tk, dim), tk, dim, tq, count, heads);
        });

    void Softmax(ArrayView<float> scores, ArrayView<float> lse, int rows, int queries, int keys, float scale, bool again, bool causal)
    {
        if (causal) Device.ForRows(rows, new CausalSoftmax(scores, lse, rows, queries, keys, scale, again ? 1 : 0));
        else Device.ForRows(rows, new AttentionSoftmax<TPack>(scores, lse, rows, keys, scale, again ? 1 : 0));
    }

    void InChunks(Tensor q, Tensor k, int batch, int heads, int buffers, Action<ArrayView<float>, ArrayView<float>, int, int> run)
    {
        var (_, _, tq, tk) = Sizes(q, k, batch, heads);
        long scores = new Tensor(default, heads * tq, tk).Count;     // of one image, indexed in 32 bits by kernels
        int chunk = (int)Math.Clamp(MaxScores / scores, 1, batch);
        var memory = Device.Workspace(scores * chunk * buffers);
        for (int first = 0; first < batch; first += chunk)
        {
            int count = Math.Min(chunk, batch - first);
            var length = scores * chunk;
            run(Window(memory, 0, length), buffers == 2 ? Window(memory, length, length) : default, first, count);
        }
    }

    protected static (int Dim, float Scale, int Tq, int Tk) Sizes(Tensor q, Tensor k, int batch, int heads) =>
        q.Cols % heads == 0 && q.Rows % batch == 0 && k.Rows % batch == 0
            ? (q.Cols / heads, 1 / MathF.Sqrt(q.Cols / heads), q.Rows / batch, k.Rows / batch)
            : throw new ArgumentException($"{q.Rows} x {q.Cols} queries do not split into {batch} images and {heads} heads");

    static ArrayView<float> Window(ArrayView<float> view, long start, long length) => view.IsValid ? view.SubView(start, length) : view;
    static ArrayView<float> ChunkOf(Tensor x, int tokens, int first) => Floats(first == 0 ? x : x.Slice(first * tokens, x.Rows - first * tokens));
    static ArrayView<float> Part(Tensor x, int start) => Window(Floats(x), start, x.View.Length - start);
    static Layout Heads(Tensor x, int tokens, int dim) => new(tokens * x.Stride, dim, x.Stride, 1);
    static Layout Transposed(Tensor x, int tokens, int dim) => new(tokens * x.Stride, dim, 1, x.Stride);
}
