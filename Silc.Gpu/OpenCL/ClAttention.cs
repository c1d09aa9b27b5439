using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Attention and its gradients on a processor behind OpenCL. A group is one thread and takes whole heads: it packs the operands,
/// and makes the scores of a block of queries at a time, which stay in its caches.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClAttention<TTile>(
    ClHeads q, ClHeads k, ClHeads v, ClHeads o, ClHeads gradQ, ClHeads gradK, ClHeads gradV, FloatPointer lse, FloatPointer scratch,
    int scratchEach, int images, int heads, int size, float scale, int backward, int causal) : IKernel where TTile : struct, IClTile
{
    /// <summary>Queries whose scores a group keeps.</summary>
    public const int Block = 96;

    // Products, in the order in which a block of queries goes through them.
    const int Scores = 0, Output = 1, ScoreGrads = 1, GradV = 2, GradQ = 3, GradK = 4;

    public void Execute()
    {
        int last = BlockShare.Last(images * heads), memory = Grid.IdxX * scratchEach;
        for (int head = BlockShare.First(images * heads); head < last; head++) Head(head / heads, head % heads, memory);
    }

    void Head(int image, int head, int memory)
    {
        int queries = q.Tokens, keys = k.Tokens;
        var at = new ClHeadMemory<TTile>(queries, keys, size, Least(Block, queries));
        Pack(image, head, memory, at);
        for (int from = 0; from < queries; from += Block)
        {
            int rows = Least(Block, queries - from), steps = backward != 0 ? GradK : Output;
            for (int step = Scores; step <= steps; step++)
            {
                Multiply(step, from, rows, image, head, memory, at);
                int line = (image * heads + head) * queries + from;
                if (step == Scores) Softmax(memory + at.Scores, at.Keys, rows, keys, line, from);
                else if (step == ScoreGrads && backward != 0) Slopes(memory + at.Scores, memory + at.ScoreGrads, at.Keys, rows);
            }
        }
    }

    // Operands of the products: K and V with a line for each channel, then those with a line for each token; Q and the gradient
    // also as rows.
    void Pack(int image, int head, int memory, ClHeadMemory<TTile> at)
    {
        for (int turned = 0; turned <= backward; turned++)
        {
            var from = k;
            int to = memory + at.TurnedK;
            if (turned == 1) (from, to) = (v, memory + at.TurnedV);
            for (int j = 0; j < from.Tokens; j += TTile.Columns, to += TTile.Columns * size)
                ClPanel<TTile>.Turn(
                    from.Values, from.Start(image, head) + j * from.Stride, from.Stride, scratch, to, size, from.Tokens - j);
        }
        for (int plain = 0; plain < 1 + 2 * backward; plain++)
        {
            var from = v;
            int to = memory + at.PlainV;
            if (backward != 0) from = k;
            if (plain == 1) (from, to) = (q, memory + at.PlainQ);
            if (plain == 2) (from, to) = (o, memory + at.PlainGrad);
            for (int j = 0; j < size; j += TTile.Columns, to += TTile.Columns * from.Tokens)
                ClPanel<TTile>.Copy(from.Values, from.Start(image, head) + j, from.Stride, scratch, to, from.Tokens, size - j);
        }
        for (int left = 0; left <= backward; left++)
        {
            var from = q;
            int to = memory + at.LeftQ;
            if (left == 1) (from, to) = (o, memory + at.LeftGrad);
            int start = from.Start(image, head);
            for (int i = 0; i < from.Tokens; i++, start += from.Stride, to += size)
                for (int c = 0; c < size; c += Pack16.Width)
                    Pack16.Store(scratch, to + c, Pack16.Load(from.Values, start + c, size - c));
        }
    }

    void Multiply(int step, int from, int rows, int image, int head, int memory, ClHeadMemory<TTile> at)
    {
        // Scores = Q·Kᵀ, and their gradients dO·Vᵀ; rows of the left operands lie close.
        int left = memory + (step == Scores ? at.LeftQ : at.LeftGrad) + from * size, leftRow = size, leftStep = 1, depth = size;
        int right = memory + (step == Scores ? at.TurnedK : at.TurnedV), panel = TTile.Columns * size;
        int down = rows, across = k.Tokens, scores = memory + (step == Scores ? at.Scores : at.ScoreGrads), add = 0;
        var to = gradQ;     // O, or the gradient of Q: scores times V or K
        bool inside = step == Scores || (step == ScoreGrads && backward != 0);
        if (!inside)
        {
            across = size;
            if (step == Output || step == GradQ)
            {
                if (step == Output) to = o;
                (left, leftRow, depth) = (memory + (step == Output ? at.Scores : at.ScoreGrads), at.Keys, k.Tokens);
                (right, panel) = (memory + at.PlainV, TTile.Columns * k.Tokens);
            }
            else
            {
                to = gradK;
                if (step == GradV) to = gradV;
                (left, leftRow, leftStep, depth) = (memory + (step == GradV ? at.Scores : at.ScoreGrads), 1, at.Keys, rows);
                right = memory + (step == GradV ? at.PlainGrad : at.PlainQ) + from * TTile.Columns;
                panel = TTile.Columns * q.Tokens;
                (down, add) = (k.Tokens, from);
            }
        }
        int start = to.Start(image, head) + (down == rows && (step == Output || step == GradQ) ? from * to.Stride : 0);
        for (int j = 0; j < across; j += TTile.Columns, right += panel)
            for (int i = 0; i < down; i += TTile.Rows)
            {
                int tile = memory, tileRow = TTile.Columns;
                if (inside) (tile, tileRow) = (scores + i * at.Keys + j, at.Keys);
                TTile.Multiply(scratch, left + i * leftRow, leftRow, leftStep, scratch, right, depth, tile, tileRow);
                if (inside) continue;
                int rowsHere = Least(TTile.Rows, down - i), columnsHere = Least(TTile.Columns, across - j);
                Store(memory, to, start + i * to.Stride + j, rowsHere, columnsHere, add != 0);
            }
    }

    void Store(int tile, ClHeads to, int at, int rows, int columns, bool add)
    {
        for (int i = 0; i < rows; i++, tile += TTile.Columns, at += to.Stride)
            for (int j = 0; j < columns; j += Pack16.Width)
            {
                var sums = Pack16.Load(scratch, tile + j);
                if (add) sums += Pack16.Load(to.Values, at + j, columns - j);
                Pack16.Store(to.Values, at + j, sums, columns - j);
            }
    }

    // Forward: probabilities, and the log of each denominator. Backward: the probabilities again.
    void Softmax(int start, int stride, int rows, int keys, int line, int query)
    {
        var factor = Pack16.Splat(scale);
        for (int i = 0; i < rows; i++, start += stride)
        {
            int seen = keys;
            if (causal != 0) seen = Least(keys, query + i + 1);
            for (int c = seen; c < stride; c++) scratch[start + c] = float.MinValue;
            float log;
            if (backward != 0) log = lse[line + i];
            else
            {
                var peaks = Pack16.Load(scratch, start);
                for (int c = Pack16.Width; c < stride; c += Pack16.Width)
                    peaks = Pack16.Max(peaks, Pack16.Load(scratch, start + c));
                float peak = Pack16.Peak(peaks) * scale;
                Pack16 sums = Pack16.Splat(0), top = Pack16.Splat(peak);
                for (int c = 0; c < stride; c += Pack16.Width)
                    sums += Pack16.Exp(Pack16.Load(scratch, start + c) * factor - top);
                log = peak + XMath.Log(Pack16.Sum(sums));
                lse[line + i] = log;
            }
            var shift = Pack16.Splat(log);
            for (int c = 0; c < stride; c += Pack16.Width)
                Pack16.Store(scratch, start + c, Pack16.Exp(Pack16.Load(scratch, start + c) * factor - shift));
        }
    }

    // dS = p · (dP - Σ p·dP) · scale.
    void Slopes(int start, int grads, int stride, int rows)
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

    static int Least(int x, int y) => x < y ? x : y;
}
