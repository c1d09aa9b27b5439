namespace Silc;

/// <summary>
/// CIDEr-D: the cosine of runs of one to four words, weighted by count · log(images / images whose references have the run), clipped at the
/// reference's weights, times exp(−(difference of lengths)² / 72), mean over lengths of runs and references, times 10. Source: Vedantam et al.,
/// arXiv 1411.5726, as pycocoevalcap computes it: lengths are numbers of word pairs. Threads: any number may call.
/// </summary>
static class CiderD
{
    const int Longest = 4;
    const double Sigma = 6;

    /// <summary>The score of each image.</summary>
    public static double[] Of(IReadOnlyList<(IReadOnlyList<string> Caption, IReadOnlyList<IReadOnlyList<string>> References)> pairs)
    {
        var images = new Dictionary<string, int>();
        foreach (var (_, references) in pairs)
            foreach (var run in references.SelectMany(Runs).Distinct()) images[run] = images.GetValueOrDefault(run) + 1;
        var scores = new double[pairs.Count];
        ParallelLoop.Run(pairs.Count, i => scores[i] = Score(pairs[i].Caption, pairs[i].References, images, Math.Log(pairs.Count)));
        return scores;
    }

    static IEnumerable<string> Runs(IReadOnlyList<string> words) =>
        Enumerable.Range(1, Longest).SelectMany(n => NGrams.Count(words, n).Keys);

    static double Score(IReadOnlyList<string> caption, IReadOnlyList<IReadOnlyList<string>> references, Dictionary<string, int> images,
        double logCount)
    {
        double sum = 0;
        var own = Enumerable.Range(1, Longest).Select(n => Weigh(caption, n)).ToArray();
        foreach (var reference in references)
        {
            double apart = Math.Max(caption.Count - 1, 0) - Math.Max(reference.Count - 1, 0), decay = Math.Exp(-apart * apart / (2 * Sigma * Sigma));
            for (int n = 1; n <= Longest; n++)
            {
                var (mine, theirs) = (own[n - 1], Weigh(reference, n));
                double product = mine.Weights.Sum(run => theirs.Weights.TryGetValue(run.Key, out double weight)
                    ? Math.Min(run.Value, weight) * weight : 0);
                sum += decay * (mine.Norm > 0 && theirs.Norm > 0 ? product / (mine.Norm * theirs.Norm) : product);
            }
        }
        return 10 * sum / Longest / references.Count;

        (Dictionary<string, double> Weights, double Norm) Weigh(IReadOnlyList<string> words, int n)
        {
            var weights = NGrams.Count(words, n).ToDictionary(run => run.Key,
                run => run.Value * (logCount - Math.Log(Math.Max(1, images.GetValueOrDefault(run.Key)))));
            return (weights, Math.Sqrt(weights.Values.Sum(weight => weight * weight)));
        }
    }
}
