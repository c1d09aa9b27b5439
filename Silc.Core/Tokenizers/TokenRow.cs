namespace Silc;

/// <summary>Rows of fixed length for a text tower that pools the last position and attends to padding.</summary>
static class TokenRow
{
    /// <summary>
    /// The first length - 1 ids, then <paramref name="end"/> to the end: the end token is sticky and pads too, as in SigLIP, so
    /// the pooled position always holds it.
    /// </summary>
    /// <param name="ids">Of the text.</param>
    /// <param name="length">Of the row.</param>
    /// <param name="end">The end token.</param>
    /// <param name="padding">What follows one end token, where a model was trained so; null takes the end token again.</param>
    public static int[] Of(ReadOnlySpan<int> ids, int length, int end, int? padding = null)
    {
        Require.Positive(length, "text length");
        var (row, kept) = (new int[length], Math.Min(ids.Length, length - 1));
        Array.Fill(row, padding ?? end);
        ids[..kept].CopyTo(row);
        row[kept] = end;
        return row;
    }
}
