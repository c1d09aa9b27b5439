using ILGPU;

namespace Silc;

/// <summary>
/// Takes a block of scores into each row's list of its k best so far, kept in order of falling score; of equals the lower index comes
/// first. A round finds the best score behind the last one found; most blocks have nothing for most rows, and one round says so.
/// </summary>
readonly struct TopKKernel<TPack>(Floats scores, Floats best, ArrayView<int> index, int rows, int cols, int k, int first) : IKernel
    where TPack : struct, IPack<TPack>
{
    public void Execute()
    {
        int last = Share.Last(rows), lane = Group.IdxX, lanes = Group.DimX;
        for (int row = Share.First(rows); row < last; row++)
        {
            int start = row * cols, list = row * k, foundAt = -1;
            float found = float.PositiveInfinity;
            if (!(Peak(start, lane, lanes) > best[list + k - 1])) continue;
            for (int round = 0; round < k; round++)
            {
                float peak = float.NegativeInfinity;
                int at = cols;
                for (int c = lane; c < cols; c += lanes)
                {
                    float score = scores[start + c];
                    if (score > peak && (score < found || (score == found && c > foundAt))) (peak, at) = (score, c);
                }
                float highest = Lanes.Peak(peak, lane, lanes);
                if (!(highest > best[list + k - 1])) break;
                // A block has fewer columns than a float has whole numbers.
                foundAt = (int)-Lanes.Peak(peak == highest ? -at : -cols, lane, lanes);
                found = highest;
                if (lanes > 1) Group.Barrier();
                if (lane == 0) Insert(list, highest, first + foundAt);
                if (lanes > 1) Group.Barrier();     // the next round compares with the new list
            }
        }
    }

    float Peak(int start, int lane, int lanes)
    {
        int whole = cols / TPack.Width * TPack.Width;
        var peaks = TPack.Splat(float.NegativeInfinity);
        for (int c = lane * TPack.Width; c < whole; c += lanes * TPack.Width) peaks = TPack.Max(peaks, TPack.Load(scores, start + c));
        float peak = TPack.Peak(peaks);
        for (int c = whole + lane; c < cols; c += lanes)
            if (scores[start + c] > peak) peak = scores[start + c];
        return Lanes.Peak(peak, lane, lanes);
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
