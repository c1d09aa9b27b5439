namespace Silc;

/// <summary>
/// BLEU of a whole set: exp(min(0, 1 − r / c)) · (∏ clipped_k / total_k)^(1/n), k = 1 … n; counts are summed over the set before they are
/// divided. r takes of each image the reference whose length is closest, of two the shorter. Source: Papineni et al. 2002, pycocoevalcap's small
/// numbers against 0. Threads: any number may call.
/// </summary>
static class CorpusBleu
{
    const int Longest = 4;
    const double Tiny = 1e-15, Small = 1e-9;

    /// <summary>BLEU-1 to BLEU-4.</summary>
    public static double[] Of(IReadOnlyList<(IReadOnlyList<string> Caption, IReadOnlyList<IReadOnlyList<string>> References)> pairs)
    {
        var (right, total, length, closest) = (new long[Longest], new long[Longest], 0L, 0L);
        foreach (var (caption, references) in pairs)
        {
            length += caption.Count;
            closest += references.Select(reference => reference.Count).OrderBy(count => (Math.Abs(count - caption.Count), count)).First();
            for (int k = 0; k < Longest; k++)
            {
                var most = new Dictionary<string, int>();
                foreach (var reference in references)
                    foreach (var (run, count) in NGrams.Count(reference, k + 1)) most[run] = Math.Max(count, most.GetValueOrDefault(run));
                right[k] += NGrams.Count(caption, k + 1).Sum(run => Math.Min(run.Value, most.GetValueOrDefault(run.Key)));
                total[k] += Math.Max(caption.Count - k, 0);
            }
        }
        double ratio = (length + Tiny) / (closest + Small), penalty = ratio < 1 ? Math.Exp(1 - 1 / ratio) : 1, product = 1;
        var bleu = new double[Longest];
        for (int k = 0; k < Longest; k++)
        {
            product *= (right[k] + Tiny) / (total[k] + Small);
            bleu[k] = Math.Pow(product, 1.0 / (k + 1)) * penalty;
        }
        return bleu;
    }
}
