namespace Silc;

/// <summary>Rows of fixed length for a text tower that pools the last position and attends to padding.</summary>
static class TokenRow
{
    /// <summary>
    /// The first length - 1 ids, then <paramref name="end"/> to the end: the end token is sticky and pads too, as in SigLIP, so
    /// the pooled position always holds it.
    /// </summary>
    public static int[] Of(ReadOnlySpan<int> ids, int length, int end)
    {
        Require.Positive(length, "text length");
        var row = new int[length];
        Array.Fill(row, end);
        ids[..Math.Min(ids.Length, length - 1)].CopyTo(row);
        return row;
    }
}
