namespace Silc;

/// <summary>
/// Which detections of one category are right, and precision over recall of that. Detections take truths in the order of their scores; what is
/// matched to an ignored truth, a crowd or one outside of the range of areas, is neither right nor wrong. Source: COCO's cocoeval, LVIS's eval.
/// </summary>
/// <param name="table">Is written to, at the category's place.</param>
/// <param name="category">Index of the category.</param>
/// <param name="rules">Ranges of areas, limits, and what counts.</param>
sealed class DetectionMatches(PrecisionTable table, int category, DetectionRules rules)
{
    // numpy.spacing(1): nothing right and nothing wrong is a precision of 0.
    const double Spacing = 1.0 / (1L << 52);

    // A bit for each threshold.
    readonly record struct Judged(double Score, int Rank, ushort Right, ushort Ignored);

    readonly List<Judged>[] judged = [.. rules.Areas.Select(_ => new List<Judged>())];
    readonly int[] counted = new int[rules.Areas.Count];
    bool any;

    /// <summary>The truths and detections of one image, images in the order of their ids.</summary>
    /// <param name="truths">In the order of the file.</param>
    /// <param name="found">In the order of the file.</param>
    /// <param name="unmatchedCount">False where not everything of the category is marked: what matches nothing is not wrong then.</param>
    public void Add(IReadOnlyList<Instance> truths, IReadOnlyList<Detection> found, bool unmatchedCount)
    {
        if (truths.Count == 0 && found.Count == 0) return;
        any = true;
        Detection[] sorted = [.. found.OrderByDescending(detection => detection.Score).Take(rules.Limits[^1])];      // stable
        var overlaps = new double[sorted.Length, truths.Count];
        for (int d = 0; d < sorted.Length; d++)
            for (int t = 0; t < truths.Count; t++) overlaps[d, t] = rules.Overlap(sorted[d], truths[t]);
        foreach (var (area, (low, high)) in rules.Areas.Index())
        {
            bool Left(int t) => rules.HasCrowds && truths[t].IsCrowd || truths[t].Area < low || truths[t].Area > high;
            int[] order = [.. Enumerable.Range(0, truths.Count).OrderBy(Left)];                                      // stable: ignored last
            bool[] left = [.. order.Select(Left)];
            counted[area] += left.Count(ignored => !ignored);
            var (right, ignored) = (new ushort[sorted.Length], new ushort[sorted.Length]);
            for (int threshold = 0; threshold < PrecisionTable.Thresholds.Count; threshold++)
                Match(overlaps, truths, order, left, threshold, right, ignored);
            for (int d = 0; d < sorted.Length; d++)
            {
                double size = rules.AreaOf(sorted[d]);
                var unmatched = !unmatchedCount || size < low || size > high ? (ushort)~right[d] : (ushort)0;
                judged[area].Add(new(sorted[d].Score, d, right[d], (ushort)(ignored[d] | unmatched)));
            }
        }
    }

    void Match(double[,] overlaps, IReadOnlyList<Instance> truths, int[] order, bool[] left, int threshold, ushort[] right, ushort[] ignored)
    {
        var taken = new bool[order.Length];
        for (int d = 0; d < right.Length; d++)
        {
            var (best, at) = (Math.Min(PrecisionTable.Thresholds[threshold], 1 - 1e-10), -1);
            for (int t = 0; t < order.Length; t++)
            {
                if (taken[t] && !(rules.HasCrowds && truths[order[t]].IsCrowd)) continue;
                if (at >= 0 && !left[at] && left[t]) break;             // a truth that counts is not given up for one that does not
                if (overlaps[d, order[t]] < best) continue;
                (best, at) = (overlaps[d, order[t]], t);                // of equal overlaps the later truth
            }
            if (at < 0) continue;
            taken[at] = true;
            right[d] |= (ushort)(1 << threshold);
            if (left[at]) ignored[d] |= (ushort)(1 << threshold);
        }
    }

    /// <summary>Writes what the images give together.</summary>
    public void Finish()
    {
        for (int area = 0; any && area < rules.Areas.Count; area++)
        {
            if (counted[area] == 0) continue;
            Judged[] all = [.. judged[area].OrderByDescending(detection => detection.Score)];                        // stable
            foreach (var (limit, most) in rules.Limits.Index())
            {
                Judged[] within = [.. all.Where(detection => detection.Rank < most)];
                for (int threshold = 0; threshold < PrecisionTable.Thresholds.Count; threshold++)
                    Finish(within, area, limit, threshold);
            }
        }
    }

    void Finish(Judged[] found, int area, int limit, int threshold)
    {
        var (recalls, precisions) = (new double[found.Length], new double[found.Length]);
        int right = 0, wrong = 0;
        foreach (var (i, detection) in found.Index())
        {
            if ((detection.Ignored >> threshold & 1) == 0)
            {
                if ((detection.Right >> threshold & 1) == 1) right++;
                else wrong++;
            }
            recalls[i] = right / (double)counted[area];
            precisions[i] = right / (right + wrong + Spacing);
        }
        for (int i = found.Length - 1; i > 0; i--) precisions[i - 1] = Math.Max(precisions[i - 1], precisions[i]);
        table.Recall(category, area, limit, threshold) = found.Length == 0 ? 0 : recalls[^1];
        var curve = table.Precision(category, area, limit, threshold);
        curve.Clear();
        for (int r = 0, i = 0; r < curve.Length; r++)
        {
            while (i < found.Length && recalls[i] < PrecisionTable.Recalls[r]) i++;
            if (i == found.Length) break;
            curve[r] = precisions[i];
        }
    }
}

/// <summary>What tells the rules of COCO and LVIS apart. Threads: immutable.</summary>
/// <param name="Areas">All, small, medium and large; both ends belong to a range.</param>
/// <param name="Limits">Most detections of an image and category, ascending.</param>
/// <param name="HasCrowds">Crowds are ignored, and taken by any number of detections.</param>
/// <param name="Masks">Overlap is that of masks.</param>
sealed record DetectionRules(IReadOnlyList<(double Low, double High)> Areas, IReadOnlyList<int> Limits, bool HasCrowds, bool Masks)
{
    /// <summary>The ranges of both: smaller than 32², up to 96², larger.</summary>
    public static IReadOnlyList<(double, double)> UsualAreas { get; } =
        [(0, 1e10), (0, 32 * 32), (32 * 32, 96 * 96), (96 * 96, 1e10)];

    /// <summary>IoU; with a crowd the share of the detection that lies in it.</summary>
    public double Overlap(Detection found, Instance truth)
    {
        double shared = Masks ? found.Mask!.Intersection(truth.Mask!) : found.Box.Intersection(truth.Box);
        if (shared <= 0) return 0;
        double own = AreaOf(found);
        return shared / (HasCrowds && truth.IsCrowd ? own : own + (Masks ? truth.Mask!.Area : truth.Box.Area) - shared);
    }

    /// <summary>By which a detection is small, medium or large.</summary>
    public double AreaOf(Detection found) => Masks ? found.Mask!.Area : found.Box.Area;
}
