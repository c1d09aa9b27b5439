using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Attention and its gradients on a processor behind OpenCL. A group is one thread and takes whole heads: it packs the operands,
/// and makes the scores of a block of queries at a time, which stay in its caches.
/// </summary>
[Kernel(DeviceKind.OpenCL)]
readonly struct ClAttention<TTile>(
    ClHeads q, ClHeads k, ClHeads v, ClHeads o, ClHeads gradQ, ClHeads gradK, ClHeads gradV, Floats lse, Floats scratch,
    int scratchEach, int pictures, int heads, int size, float scale, int backward) : IKernel where TTile : struct, IClTile
{
    /// <summary>Queries whose scores a group keeps.</summary>
    public const int Block = 96;

    // Products, in the order in which a block of queries goes through them.
    const int Scores = 0, Output = 1, ScoreGrads = 1, GradV = 2, GradQ = 3, GradK = 4;

    public void Execute()
    {
        int last = Share.Last(pictures * heads), memory = Grid.IdxX * scratchEach;
        for (int head = Share.First(pictures * heads); head < last; head++) Head(head / heads, head % heads, memory);
    }

    void Head(int picture, int head, int memory)
    {
        int queries = q.Tokens, keys = k.Tokens;
        var at = new ClHeadMemory<TTile>(queries, keys, size, Least(Block, queries));
        Pack(picture, head, memory, at);
        for (int from = 0; from < queries; from += Block)
        {
            int rows = Least(Block, queries - from), steps = backward != 0 ? GradK : Output;
            for (int step = Scores; step <= steps; step++)
            {
                Multiply(step, from, rows, picture, head, memory, at);
                int line = (picture * heads + head) * queries + from;
                if (step == Scores) Softmax(memory + at.Scores, at.Keys, rows, keys, line);
                else if (step == ScoreGrads && backward != 0) Slopes(memory + at.Scores, memory + at.ScoreGrads, at.Keys, rows);
            }
        }
    }

    // Operands of the products: K and V with a line for each channel, then those with a line for each token; Q and the gradient
    // also as rows.
    void Pack(int picture, int head, int memory, ClHeadMemory<TTile> at)
    {
        for (int turned = 0; turned <= backward; turned++)
        {
            var from = k;
            int to = memory + at.TurnedK;
            if (turned == 1) (from, to) = (v, memory + at.TurnedV);
            for (int j = 0; j < from.Tokens; j += TTile.Columns, to += TTile.Columns * size)
                ClPanel<TTile>.Turn(
                    from.Values, from.Start(picture, head) + j * from.Stride, from.Stride, scratch, to, size, from.Tokens - j);
        }
        for (int plain = 0; plain < 1 + 2 * backward; plain++)
        {
            var from = v;
            int to = memory + at.PlainV;
            if (backward != 0) from = k;
            if (plain == 1) (from, to) = (q, memory + at.PlainQ);
            if (plain == 2) (from, to) = (o, memory + at.PlainGrad);
            for (int j = 0; j < size; j += TTile.Columns, to += TTile.Columns * from.Tokens)
                ClPanel<TTile>.Copy(from.Values, from.Start(picture, head) + j, from.Stride, scratch, to, from.Tokens, size - j);
        }
        for (int left = 0; left <= backward; left++)
        {
            var from = q;
            int to = memory + at.LeftQ;
            if (left == 1) (from, to) = (o, memory + at.LeftGrad);
            int start = from.Start(picture, head);
            for (int i = 0; i < from.Tokens; i++, start += from.Stride, to += size)
                for (int c = 0; c < size; c += Sixteen.Width)
                    Sixteen.Store(scratch, to + c, Sixteen.Load(from.Values, start + c, size - c));
        }
    }

    void Multiply(int step, int from, int rows, int picture, int head, int memory, ClHeadMemory<TTile> at)
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
        int start = to.Start(picture, head) + (down == rows && (step == Output || step == GradQ) ? from * to.Stride : 0);
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
            for (int j = 0; j < columns; j += Sixteen.Width)
            {
                var sums = Sixteen.Load(scratch, tile + j);
                if (add) sums += Sixteen.Load(to.Values, at + j, columns - j);
                Sixteen.Store(to.Values, at + j, sums, columns - j);
            }
    }

    // Forward: probabilities, and the log of each denominator. Backward: the probabilities again.
    void Softmax(int start, int stride, int rows, int keys, int line)
    {
        var factor = Sixteen.Splat(scale);
        for (int i = 0; i < rows; i++, start += stride)
        {
            for (int c = keys; c < stride; c++) scratch[start + c] = float.MinValue;
            float log;
            if (backward != 0) log = lse[line + i];
            else
            {
                var peaks = Sixteen.Load(scratch, start);
                for (int c = Sixteen.Width; c < stride; c += Sixteen.Width)
                    peaks = Sixteen.Max(peaks, Sixteen.Load(scratch, start + c));
                float peak = Sixteen.Peak(peaks) * scale;
                Sixteen sums = Sixteen.Splat(0), top = Sixteen.Splat(peak);
                for (int c = 0; c < stride; c += Sixteen.Width)
                    sums += Sixteen.Exp(Sixteen.Load(scratch, start + c) * factor - top);
                log = peak + XMath.Log(Sixteen.Sum(sums));
                lse[line + i] = log;
            }
            var shift = Sixteen.Splat(log);
            for (int c = 0; c < stride; c += Sixteen.Width)
                Sixteen.Store(scratch, start + c, Sixteen.Exp(Sixteen.Load(scratch, start + c) * factor - shift));
        }
    }

    // dS = p · (dP - Σ p·dP) · scale.
    void Slopes(int start, int grads, int stride, int rows)
    {
        for (int i = 0; i < rows; i++, start += stride, grads += stride)
        {
            var dots = Sixteen.Splat(0);
            for (int c = 0; c < stride; c += Sixteen.Width)
                dots += Sixteen.Load(scratch, start + c) * Sixteen.Load(scratch, grads + c);
            Sixteen dot = Sixteen.Splat(Sixteen.Sum(dots)), factor = Sixteen.Splat(scale);
            for (int c = 0; c < stride; c += Sixteen.Width)
            {
                var slope = Sixteen.Load(scratch, start + c) * (Sixteen.Load(scratch, grads + c) - dot);
                Sixteen.Store(scratch, grads + c, slope * factor);
            }
        }
    }

    static int Least(int x, int y) => x < y ? x : y;
}
