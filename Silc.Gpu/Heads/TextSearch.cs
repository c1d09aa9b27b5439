namespace Silc;

/// <summary>A text that a search found.</summary>
/// <param name="Tokens">What was said after the prompt, with the end where it was reached.</param>
/// <param name="LogLikelihood">Sum of the log probabilities of its tokens.</param>
/// <param name="Score">That sum over the number of tokens to the power of the search.</param>
readonly record struct SaidTokens(int[] Tokens, double LogLikelihood, double Score);

/// <summary>
/// Beam search over a decoder, several images at once; with one text of an image it is greedy. A text that is done keeps its place, and the search
/// ends when no place holds an open one. Of equal scores the text of the earlier place comes first, then the lower id. Threads: one at a time, under
/// the device's lock.
/// </summary>
static class TextSearch
{
    sealed record Prefix(IReadOnlyList<int> Said, double Total, double Score, bool Done, int Place);

    /// <summary>The best text for each image.</summary>
    /// <param name="memory">Begun with the images; its texts of an image are the width of the beam.</param>
    /// <param name="prompts">What each text begins with, at least one token.</param>
    /// <param name="power">Texts are compared by the sum of log probabilities over the number of tokens to this power; 0 for the sum.</param>
    /// <param name="most">Most tokens after the prompt; a text also ends where the decoder has no further place.</param>
    /// <param name="end">The id that ends a text.</param>
    /// <param name="barred">Ids that are never said.</param>
    public static SaidTokens[] Run(DecodingMemory memory, IReadOnlyList<int[]> prompts, double power, int most, int end,
        IReadOnlyList<int>? barred = null)
    {
        var width = memory.Texts;
        var pools = prompts.Select(_ => new List<Prefix> { new([], 0, 0, false, 0) }).ToArray();
        int[] limits = [.. prompts.Select(prompt => Math.Min(most, memory.Length - prompt.Length + 1))];
        var tokens = new int[prompts.Count * width];
        for (int at = 0; Array.Exists(pools, pool => pool.Exists(text => !text.Done)); at++)
        {
            for (int i = 0; i < pools.Length; i++)
            {
                Array.Fill(tokens, at < prompts[i].Length ? prompts[i][at] : 0, i * width, width);
                if (at < prompts[i].Length) continue;
                foreach (var text in pools[i])
                    if (!text.Done) tokens[i * width + text.Place] = text.Said[at - prompts[i].Length];
            }
            var logits = memory.Next(tokens, at);
            int[] parents = [.. Enumerable.Range(0, tokens.Length)];
            for (int i = 0; i < pools.Length; i++)
            {
                if (at < prompts[i].Length - 1 || pools[i].TrueForAll(text => text.Done)) continue;
                var (first, limit) = (i * width, limits[i]);
                pools[i] = Grow(pools[i], place => logits.AsSpan((first + place) * memory.Vocabulary, memory.Vocabulary), width, power, limit, end,
                    barred ?? []);
                for (int place = 0; place < pools[i].Count; place++)
                {
                    parents[first + place] = first + pools[i][place].Place;
                    pools[i][place] = pools[i][place] with { Place = place };
                }
            }
            memory.GoOn(parents, at + 1);
        }
        return [.. pools.Select(pool => new SaidTokens([.. pool[0].Said], pool[0].Total, pool[0].Score))];
    }

    delegate Span<float> LogitsOf(int place);

    // Each text that is open becomes as many as there are ids; the best of all stay, with the place of their parent.
    static List<Prefix> Grow(List<Prefix> pool, LogitsOf logits, int width, double power, int limit, int end, IReadOnlyList<int> barred)
    {
        var best = new List<(double Score, double Total, Prefix From, int Token)>();
        foreach (var text in pool)
        {
            if (text.Done)
            {
                Insert(best, (text.Score, text.Total, text, -1), width);
                continue;
            }
            var row = logits(text.Place);
            foreach (int id in barred) row[id] = float.NegativeInfinity;
            double max = double.NegativeInfinity, sum = 0;
            foreach (var logit in row) max = Math.Max(max, logit);
            foreach (var logit in row) sum += Math.Exp(logit - max);
            double log = max + Math.Log(sum), length = Math.Pow(text.Said.Count + 1, power);
            for (int id = 0; id < row.Length; id++)
                if (!float.IsNegativeInfinity(row[id]))
                    Insert(best, ((text.Total + row[id] - log) / length, text.Total + row[id] - log, text, id), width);
        }
        return [.. best.Select(one => one.Token < 0 ? one.From : new Prefix([.. one.From.Said, one.Token], one.Total, one.Score,
            one.Token == end || one.From.Said.Count + 1 >= limit, one.From.Place))];
    }

    static void Insert(List<(double Score, double Total, Prefix From, int Token)> best, (double Score, double Total, Prefix From, int Token) one,
        int width)
    {
        if (best.Count == width && best[^1].Score >= one.Score) return;
        int at = best.Count;
        while (at > 0 && best[at - 1].Score < one.Score) at--;
        best.Insert(at, one);
        if (best.Count > width) best.RemoveAt(width);
    }
}
