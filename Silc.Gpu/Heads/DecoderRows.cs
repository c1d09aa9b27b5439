namespace Silc;

/// <summary>
/// Texts as rows of tokens: begin, and for an answer its question and a separator, which are given; then what is to be said, and the end. Threads:
/// any number may call.
/// </summary>
static class DecoderRows
{
    /// <summary>What is given before the first word.</summary>
    /// <param name="vocabulary">Ids of words.</param>
    /// <param name="kind">Captions have no question.</param>
    /// <param name="question">Its words.</param>
    /// <param name="room">Most tokens; the end of a longer question is left out.</param>
    public static int[] Prompt(TextVocabulary vocabulary, HeadKind kind, IReadOnlyList<string> question, int room) => kind == HeadKind.Caption
        ? [TextVocabulary.Begin]
        : [TextVocabulary.Begin, .. vocabulary.Encode(question.Take(Math.Max(0, room - 2))), TextVocabulary.Separator];

    /// <summary>
    /// Inputs and labels, (texts · T) with T the longest of them; a text that is longer than <paramref name="most"/> has no end. Labels are -1 where
    /// they do not count.
    /// </summary>
    public static (int[] Tokens, int[] Labels, int Length) Of(IReadOnlyList<(int[] Prompt, int[] Text)> rows, int most)
    {
        int length = Math.Min(most, rows.Max(row => row.Prompt.Length + row.Text.Length));
        int[] tokens = new int[rows.Count * length], labels = new int[tokens.Length];
        Array.Fill(labels, -1);
        foreach (var (r, (prompt, text)) in rows.Index())
        {
            int[] whole = [.. prompt, .. text, TextVocabulary.End];
            for (int t = 0; t < Math.Min(length, whole.Length - 1); t++)
            {
                tokens[r * length + t] = whole[t];
                if (t >= prompt.Length - 1) labels[r * length + t] = whole[t + 1];
            }
        }
        return (tokens, labels, length);
    }
}
