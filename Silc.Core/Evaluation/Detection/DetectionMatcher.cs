namespace Silc;

/// <summary>
/// Which token of an image stands for which thing: OWL-ViT's cost of a pair is the focal loss that naming the thing would save, plus the
/// |differences| of centres and sizes, minus GIoU; the sum over the image is the least there is. Threads: any number may call.
/// </summary>
static class DetectionMatcher
{
    /// <summary>The token of each thing.</summary>
    /// <param name="logits">Class logits of the image's tokens, (N, Q).</param>
    /// <param name="boxes">Their boxes in shares of the image.</param>
    /// <param name="names">For each thing the queries that name it.</param>
    /// <param name="truth">Their boxes.</param>
    /// <param name="alpha">Of the focal loss.</param>
    /// <exception cref="ArgumentException">More things than tokens, or a value is not finite.</exception>
    public static int[] Match(ReadOnlySpan<float> logits, IReadOnlyList<Box> boxes, IReadOnlyList<IReadOnlyList<int>> names,
        IReadOnlyList<Box> truth, double alpha)
    {
        int queries = logits.Length / Math.Max(1, boxes.Count);
        var cost = new double[boxes.Count, truth.Count];
        for (int i = 0; i < boxes.Count; i++)
            for (int m = 0; m < truth.Count; m++)
            {
                foreach (int query in names[m]) cost[i, m] += Gain(logits[i * queries + query], alpha);
                cost[i, m] += Apart(boxes[i], truth[m]) - boxes[i].Giou(truth[m]);
            }
        return Hungarian.Assign(cost);
    }

    // Focal loss as a positive less that as a negative.
    static double Gain(double logit, double alpha)
    {
        double e = Math.Exp(-Math.Abs(logit)), p = logit < 0 ? e / (1 + e) : 1 / (1 + e), rest = logit < 0 ? 1 / (1 + e) : e / (1 + e);
        double log = Math.Log(1 + e), positive = log + Math.Max(-logit, 0), negative = log + Math.Max(logit, 0);
        return alpha * rest * rest * positive - (1 - alpha) * p * p * negative;
    }

    static double Apart(Box a, Box b) => Math.Abs(a.X + a.Width / 2 - b.X - b.Width / 2) + Math.Abs(a.Y + a.Height / 2 - b.Y - b.Height / 2)
        + Math.Abs(a.Width - b.Width) + Math.Abs(a.Height - b.Height);
}
