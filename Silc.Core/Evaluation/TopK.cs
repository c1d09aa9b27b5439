namespace Silc;

/// <summary>The highest of some scores, best first; of equal scores the lower index comes first. NaN counts as the lowest.</summary>
static class TopK
{
    /// <summary>Indices of the <paramref name="k"/> highest.</summary>
    public static int[] Of(ReadOnlySpan<float> scores, int k)
    {
        var (indices, values) = (new int[k], new float[k]);
        Clear(indices, values);
        Add(scores, 0, indices, values);
        return indices;
    }

    /// <summary>An empty list: every index is -1.</summary>
    public static void Clear(Span<int> indices, Span<float> values)
    {
        indices.Fill(-1);
        values.Fill(float.NegativeInfinity);
    }

    /// <summary>
    /// Takes the scores of candidates <paramref name="first"/>, first + 1, … into a list of the best so far; they must come in order.
    /// </summary>
    public static void Add(ReadOnlySpan<float> scores, int first, Span<int> indices, Span<float> values)
    {
        int k = values.Length, filled = indices.IndexOf(-1);
        if (filled < 0) filled = k;
        for (int j = 0; j < scores.Length; j++)
        {
            float score = float.IsNaN(scores[j]) ? float.NegativeInfinity : scores[j];
            if (filled == k && !(score > values[k - 1])) continue;
            int at = filled < k ? filled++ : k - 1;
            for (; at > 0 && score > values[at - 1]; at--) (values[at], indices[at]) = (values[at - 1], indices[at - 1]);
            (values[at], indices[at]) = (score, first + j);
        }
    }
}
