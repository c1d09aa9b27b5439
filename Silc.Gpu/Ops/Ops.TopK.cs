using ILGPU;
using ILGPU.Algorithms;

namespace Silc;

/// <summary>
/// Running top-k: merges a block of scores into each row's sorted list of its k best so far; of equal scores the lower index comes first.
/// The threads of a block together find the best new score, then the next one, and so on; most blocks of scores have none for most rows,
/// which the first reduction shows.
/// </summary>
readonly struct TopKKernel<TPack>(FloatPointer scores, FloatPointer best, ArrayView<int> index, int rows, int cols, int k, int first)
    : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockRange.Last(rows), thread = Group.IdxX, threads = Group.DimX;
        for (int row = BlockRange.First(rows); row < last; row++)
            if (threads == 1) UpdateSerially(row * cols, row * k);
            else UpdateByBlock(row * cols, row * k, thread, threads);
    }

    // On processors, where a block is one thread: scans the scores and skips stretches without a candidate.
    void UpdateSerially(int start, int list)
    {
        const int Stretch = 64;
        for (int from = 0; from < cols; from += Stretch)
        {
            int to = from + Stretch < cols ? from + Stretch : cols;
            if (!(ThreadMax(start, from, to, 0, 1) > best[list + k - 1])) continue;
            for (int c = from; c < to; c++)
                if (scores[start + c] > best[list + k - 1]) Insert(list, scores[start + c], first + c);
        }
    }

    void UpdateByBlock(int start, int list, int thread, int threads)
    {
        int foundAt = -1;
        float found = float.PositiveInfinity;
        if (!(BlockReduce.Max(ThreadMax(start, 0, cols, thread, threads), thread, threads) > best[list + k - 1])) return;
        for (int round = 0; round < k; round++)
        {
            float max = float.NegativeInfinity;
            int at = cols;
            for (int c = thread; c < cols; c += threads)
            {
                float score = scores[start + c];
                if (score > max && (score < found || (score == found && c > foundAt))) (max, at) = (score, c);
            }
            float blockMax = BlockReduce.Max(max, thread, threads);
            if (!(blockMax > best[list + k - 1])) return;
            // Column indices are exact in a float: there are fewer than 2^24.
            foundAt = (int)-BlockReduce.Max(max == blockMax ? -at : -cols, thread, threads);
            found = blockMax;
            Group.Barrier();
            if (thread == 0) Insert(list, blockMax, first + foundAt);
            Group.Barrier();        // the next iteration compares with the new list
        }
    }

    // The maximum over the elements of [from, to) that this thread strides through; infinity, so that they are looked at one by one, where a score
    // of NaN hides the others of its lane.
    float ThreadMax(int start, int from, int to, int thread, int threads)
    {
        int vectorEnd = from + (to - from) / TPack.Width * TPack.Width;
        var maxes = TPack.Splat(float.NegativeInfinity);
        for (int c = from + thread * TPack.Width; c < vectorEnd; c += threads * TPack.Width)
            maxes = TPack.Max(maxes, TPack.Load(scores, start + c));
        float max = TPack.ReduceMax(maxes);
        if (XMath.IsNaN(TPack.Sum(maxes))) return float.PositiveInfinity;
        for (int c = vectorEnd + thread; c < to; c += threads)
            if (scores[start + c] > max) max = scores[start + c];
        return max;
    }

    void Insert(int list, float score, int candidate)
    {
        int at = list + k - 1;
        for (; at > list && score > best[at - 1]; at--)
        {
            best[at] = best[at - 1];
            index[at] = index[at - 1];
        }
        best[at] = score;
        index[at] = candidate;
    }
}

partial class Ops<TPack>
{
    public override void TopK(Tensor scores, Tensor best, ArrayView<int> index, int first) => Device.ForRows(
        scores.Rows, new TopKKernel<TPack>(Dense(scores), Dense(best), index, scores.Rows, scores.Cols, best.Cols, first));
}
