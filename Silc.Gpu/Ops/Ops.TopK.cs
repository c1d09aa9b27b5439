using ILGPU;

namespace Silc;

/// <summary>
/// Takes a block of scores into each row's list of its k best so far, kept in order of falling score; of equals the lower index
/// comes first. Lanes together find the best score, then the best behind it, and so on; most blocks have nothing for most rows,
/// and the first look says so.
/// </summary>
readonly struct TopKKernel<TPack>(FloatPointer scores, FloatPointer best, ArrayView<int> index, int rows, int cols, int k, int first)
    : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = BlockShare.Last(rows), lane = Group.IdxX, lanes = Group.DimX;
        for (int row = BlockShare.First(rows); row < last; row++)
            if (lanes == 1) Walk(row * cols, row * k);
            else Rounds(row * cols, row * k, lane, lanes);
    }

    // One thread alone takes the scores as they come, and skips stretches without a candidate.
    void Walk(int start, int list)
    {
        const int Stretch = 64;
        for (int from = 0; from < cols; from += Stretch)
        {
            int to = from + Stretch < cols ? from + Stretch : cols;
            if (!(Peak(start, from, to, 0, 1) > best[list + k - 1])) continue;
            for (int c = from; c < to; c++)
                if (scores[start + c] > best[list + k - 1]) Insert(list, scores[start + c], first + c);
        }
    }

    void Rounds(int start, int list, int lane, int lanes)
    {
        int foundAt = -1;
        float found = float.PositiveInfinity;
        if (!(BlockReduce.Max(Peak(start, 0, cols, lane, lanes), lane, lanes) > best[list + k - 1])) return;
        for (int round = 0; round < k; round++)
        {
            float peak = float.NegativeInfinity;
            int at = cols;
            for (int c = lane; c < cols; c += lanes)
            {
                float score = scores[start + c];
                if (score > peak && (score < found || (score == found && c > foundAt))) (peak, at) = (score, c);
            }
            float highest = BlockReduce.Max(peak, lane, lanes);
            if (!(highest > best[list + k - 1])) return;
            // A block has fewer columns than a float has whole numbers.
            foundAt = (int)-BlockReduce.Max(peak == highest ? -at : -cols, lane, lanes);
            found = highest;
            Group.Barrier();
            if (lane == 0) Insert(list, highest, first + foundAt);
            Group.Barrier();        // the next round compares with the new list
        }
    }

    // This lane's part of the largest score in [from, to).
    float Peak(int start, int from, int to, int lane, int lanes)
    {
        int whole = from + (to - from) / TPack.Width * TPack.Width;
        var peaks = TPack.Splat(float.NegativeInfinity);
        for (int c = from + lane * TPack.Width; c < whole; c += lanes * TPack.Width)
            peaks = TPack.Max(peaks, TPack.Load(scores, start + c));
        float peak = TPack.Peak(peaks);
        for (int c = whole + lane; c < to; c += lanes)
            if (scores[start + c] > peak) peak = scores[start + c];
        return peak;
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
