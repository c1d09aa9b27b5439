using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Attention and its backward on an OpenCL processor. A work-group (block) is one thread and takes whole heads: it packs the operands, and
/// computes the scores of a block of queries at a time, which stay in its caches.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClAttention<TTile>(
    ClHeads q, ClHeads k, ClHeads v, ClHeads o, ClHeads gradQ, ClHeads gradK, ClHeads gradV, FloatPointer lse, FloatPointer scratch,
    int scratchEach, int images, int heads, int size, float scale, int backward, int causal) : IKernel where TTile : struct, IClTile
{
    /// <summary>Queries whose scores a thread holds at a time.</summary>
    public const int BlockRows = 96;

    // GEMMs, in the order in which a block of queries goes through them.
    const int Scores = 0, Output = 1, ScoreGrads = 1, GradV = 2, GradQ = 3, GradK = 4;

    public void Execute()
    {
        int last = BlockRange.Last(images * heads), scratchStart = Grid.IdxX * scratchEach;
        for (int head = BlockRange.First(images * heads); head < last; head++) Head(head / heads, head % heads, scratchStart);
    }

    void Head(int image, int head, int scratchStart)
    {
        int queries = q.Tokens, keys = k.Tokens;
        var at = new ClHeadMemory<TTile>(queries, keys, size, Min(BlockRows, queries));
        PackOperands(image, head, scratchStart, at);
        for (int from = 0; from < queries; from += BlockRows)
        {
            int rows = Min(BlockRows, queries - from), steps = backward != 0 ? GradK : Output;
            for (int step = Scores; step <= steps; step++)
            {
                Multiply(step, from, rows, image, head, scratchStart, at);
                int line = (image * heads + head) * queries + from;
                if (step == Scores) Softmax(scratchStart + at.Scores, at.Keys, rows, keys, line, from);
                else if (step == ScoreGrads && backward != 0) SoftmaxGrad(scratchStart + at.Scores, scratchStart + at.ScoreGrads, at.Keys, rows);
            }
        }
    }

    // Packs the B operands: Kᵀ and Vᵀ with a line for each channel, then V (or K,
    // Q, dO) with a line for each token. Q and dO also as rows, the A operands.
    void PackOperands(int image, int head, int scratchStart, ClHeadMemory<TTile> at)
    {
        for (int transposed = 0; transposed <= backward; transposed++)
        {
            var from = k;
            int to = scratchStart + at.TransposedK;
            if (transposed == 1) (from, to) = (v, scratchStart + at.TransposedV);
            for (int j = 0; j < from.Tokens; j += TTile.Columns, to += TTile.Columns * size)
                ClPanel<TTile>.PackTransposed(
                    from.Values, from.Start(image, head) + j * from.Stride, from.Stride, scratch, to, size, from.Tokens - j);
        }
        for (int panel = 0; panel < 1 + 2 * backward; panel++)
        {
            var from = v;
            int to = scratchStart + at.PanelsV;
            if (backward != 0) from = k;
            if (panel == 1) (from, to) = (q, scratchStart + at.PanelsQ);
            if (panel == 2) (from, to) = (o, scratchStart + at.PanelsGradO);
            for (int j = 0; j < size; j += TTile.Columns, to += TTile.Columns * from.Tokens)
                ClPanel<TTile>.Pack(from.Values, from.Start(image, head) + j, from.Stride, scratch, to, from.Tokens, size - j);
        }
        for (int operand = 0; operand <= backward; operand++)
        {
            var from = q;
            int to = scratchStart + at.RowsQ;
            if (operand == 1) (from, to) = (o, scratchStart + at.RowsGradO);
            int start = from.Start(image, head);
            for (int i = 0; i < from.Tokens; i++, start += from.Stride, to += size)
                for (int c = 0; c < size; c += Pack16.Width)
                    Pack16.Store(scratch, to + c, Pack16.Load(from.Values, start + c, size - c));
        }
    }

    void Multiply(int step, int from, int rows, int image, int head, int scratchStart, ClHeadMemory<TTile> at)
    {
        // S = Q·Kᵀ, and dP = dO·Vᵀ: the rows of A are contiguous.
        int a0 = scratchStart + (step == Scores ? at.RowsQ : at.RowsGradO) + from * size, aRow = size, aStep = 1, kCount = size;
        int b0 = scratchStart + (step == Scores ? at.TransposedK : at.TransposedV), panel = TTile.Columns * size;
        int m = rows, n = k.Tokens, scores = scratchStart + (step == Scores ? at.Scores : at.ScoreGrads), add = 0;
        var to = gradQ;     // O = P·V, or dQ = dS·K
        bool toScores = step == Scores || (step == ScoreGrads && backward != 0);
        if (!toScores)
        {
            n = size;
            if (step == Output || step == GradQ)
            {
                if (step == Output) to = o;
                (a0, aRow, kCount) = (scratchStart + (step == Output ? at.Scores : at.ScoreGrads), at.Keys, k.Tokens);
                (b0, panel) = (scratchStart + at.PanelsV, TTile.Columns * k.Tokens);
            }
            else
            {
                to = gradK;
                if (step == GradV) to = gradV;
                (a0, aRow, aStep, kCount) = (scratchStart + (step == GradV ? at.Scores : at.ScoreGrads), 1, at.Keys, rows);
                b0 = scratchStart + (step == GradV ? at.PanelsGradO : at.PanelsQ) + from * TTile.Columns;
                panel = TTile.Columns * q.Tokens;
                (m, add) = (k.Tokens, from);
            }
        }
        int start = to.Start(image, head) + (m == rows && (step == Output || step == GradQ) ? from * to.Stride : 0);
        for (int j = 0; j < n; j += TTile.Columns, b0 += panel)
            for (int i = 0; i < m; i += TTile.Rows)
            {
                int tile = scratchStart, tileRow = TTile.Columns;
                if (toScores) (tile, tileRow) = (scores + i * at.Keys + j, at.Keys);
                TTile.Multiply(scratch, a0 + i * aRow, aRow, aStep, scratch, b0, kCount, tile, tileRow);
                if (toScores) continue;
                int rowsHere = Min(TTile.Rows, m - i), columnsHere = Min(TTile.Columns, n - j);
                Store(scratchStart, to, start + i * to.Stride + j, rowsHere, columnsHere, add != 0);
            }
    }

    void Store(int tile, ClHeads to, int at, int rows, int columns, bool add)
    {
        for (int i = 0; i < rows; i++, tile += TTile.Columns, at += to.Stride)
            for (int j = 0; j < columns; j += Pack16.Width)
            {
                var acc = Pack16.Load(scratch, tile + j);
                if (add) acc += Pack16.Load(to.Values, at + j, columns - j);
                Pack16.Store(to.Values, at + j, acc, columns - j);
            }
    }

    // Forward: probabilities, and the log-sum-exp of each row. Backward: recomputes the probabilities from it.
    void Softmax(int start, int stride, int rows, int keys, int line, int query)
    {
        var factor = Pack16.Splat(scale);
        for (int i = 0; i < rows; i++, start += stride)
        {
            int seen = keys;
            if (causal != 0) seen = Min(keys, query + i + 1);
            for (int c = seen; c < stride; c++) scratch[start + c] = float.MinValue;
            float log;
            if (backward != 0) log = lse[line + i];
            else
            {
                var maxes = Pack16.Load(scratch, start);
                for (int c = Pack16.Width; c < stride; c += Pack16.Width)
                    maxes = Pack16.Max(maxes, Pack16.Load(scratch, start + c));
                float max = Pack16.ReduceMax(maxes) * scale;
                Pack16 acc = Pack16.Splat(0), top = Pack16.Splat(max);
                for (int c = 0; c < stride; c += Pack16.Width)
                    acc += Pack16.Exp(Pack16.Load(scratch, start + c) * factor - top);
                log = max + XMath.Log(Pack16.Sum(acc));
                lse[line + i] = log;
            }
            var shift = Pack16.Splat(log);
            for (int c = 0; c < stride; c += Pack16.Width)
                Pack16.Store(scratch, start + c, Pack16.Exp(Pack16.Load(scratch, start + c) * factor - shift));
        }
    }

    // dS = P ∘ (dP - rowsum(P ∘ dP)) · scale.
    void SoftmaxGrad(int start, int grads, int stride, int rows)
    {
        for (int i = 0; i < rows; i++, start += stride, grads += stride)
        {
            var dots = Pack16.Splat(0);
            for (int c = 0; c < stride; c += Pack16.Width)
                dots += Pack16.Load(scratch, start + c) * Pack16.Load(scratch, grads + c);
            Pack16 dot = Pack16.Splat(Pack16.Sum(dots)), factor = Pack16.Splat(scale);
            for (int c = 0; c < stride; c += Pack16.Width)
            {
                var slope = Pack16.Load(scratch, start + c) * (Pack16.Load(scratch, grads + c) - dot);
                Pack16.Store(scratch, grads + c, slope * factor);
            }
        }
    }

    static int Min(int x, int y) => x < y ? x : y;
}
