namespace Silc;

/// <summary>
/// What the tokens of a batch should say, once it is known which of them stand for what: OWL-ViT's normalisation, of each image by the number of its
/// labels and of its things, then the mean over images. Threads: immutable.
/// </summary>
/// <param name="Names">Of each token and name 1, 0, or -1 where nobody asked, (B·N, Q).</param>
/// <param name="Weights">Of each token's names, (B·N).</param>
/// <param name="Boxes">Centre and size, (B·N, 4).</param>
/// <param name="BoxWeights">(B·N), 0 for a token that stands for nothing.</param>
/// <param name="Things">Probability of the best name that was asked about, (B·N).</param>
sealed record DetectionTargets(int[] Names, float[] Weights, float[] Boxes, float[] BoxWeights, float[] Things)
{
    /// <summary>Matches tokens to things, image by image.</summary>
    /// <param name="logits">(B·N, Q).</param>
    /// <param name="boxes">Logits of boxes, (B·N, 4).</param>
    /// <param name="images">Of each image the names of its things, their boxes, and the names that do not count as negatives there.</param>
    /// <param name="places">Tokens of an image, N.</param>
    /// <param name="queries">Names, Q.</param>
    public static DetectionTargets Of(float[] logits, float[] boxes,
        IReadOnlyList<(IReadOnlyList<IReadOnlyList<int>> Names, IReadOnlyList<Box> Boxes, IReadOnlySet<int> Unasked)> images, int places, int queries)
    {
        int rows = images.Count * places;
        var made = new DetectionTargets(new int[rows * queries], new float[rows], new float[4 * rows], new float[rows], new float[rows]);
        // What is not finite is found by the step's check, and named there.
        if (Array.Exists(logits, value => !float.IsFinite(value)) || Array.Exists(boxes, value => !float.IsFinite(value))) return made;
        ParallelLoop.Run(images.Count, b => made.Fill(b, logits, boxes, images[b], places, queries, images.Count));
        return made;
    }

    void Fill(int image, float[] logits, float[] boxes,
        (IReadOnlyList<IReadOnlyList<int>> Names, IReadOnlyList<Box> Boxes, IReadOnlySet<int> Unasked) things, int places, int queries, int images)
    {
        int first = image * places;
        Box[] given = [.. Enumerable.Range(first, places).Select(row => DetectionHead.BoxOf(boxes.AsSpan(4 * row, 4)))];
        var tokens = DetectionMatcher.Match(logits.AsSpan(first * queries, places * queries), given, things.Names, things.Boxes,
            DetectionConfig.Alpha);
        Array.Fill(Weights, 1f / (Math.Max(1, things.Names.Sum(names => names.Count)) * images), first, places);
        for (int row = first; row < first + places; row++)
        {
            double best = double.NegativeInfinity;
            for (int q = 0; q < queries; q++)
            {
                if (things.Unasked.Contains(q)) Names[row * queries + q] = -1;
                else best = Math.Max(best, logits[row * queries + q]);
            }
            Things[row] = (float)(1 / (1 + Math.Exp(-best)));
        }
        foreach (var (m, token) in tokens.Index())
        {
            int row = first + token;
            foreach (int name in things.Names[m]) Names[row * queries + name] = 1;
            var box = things.Boxes[m];
            (Boxes[4 * row], Boxes[4 * row + 1]) = ((float)(box.X + box.Width / 2), (float)(box.Y + box.Height / 2));
            (Boxes[4 * row + 2], Boxes[4 * row + 3]) = ((float)box.Width, (float)box.Height);
            BoxWeights[row] = 1f / (things.Boxes.Count * images);
        }
    }
}
