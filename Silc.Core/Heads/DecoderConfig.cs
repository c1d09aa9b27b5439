namespace Silc;

/// <summary>
/// Sizes of a decoder that writes texts about images: pre-norm blocks of causal self-attention, cross-attention to the tokens of a frozen tower and
/// an MLP four times as wide, as in LiT-decoder (Beyer et al. 2023, arXiv:2303.17376). Threads: immutable; any number may share it.
/// </summary>
/// <param name="Width">Channels; LiT-decoder's base has 768.</param>
/// <param name="Depth">Blocks; LiT-decoder's base has 12.</param>
/// <param name="Heads">Attention heads; they divide <paramref name="Width"/>.</param>
/// <param name="Length">Most tokens of a text, those of its question and its end among them.</param>
public sealed record DecoderConfig(int Width = 128, int Depth = 2, int Heads = 4, int Length = 32)
{
    /// <summary>Throws unless every value is in its range.</summary>
    /// <exception cref="ArgumentException">The message names the value.</exception>
    public DecoderConfig Check()
    {
        foreach (var (value, what) in new[] { (Width, "channels"), (Depth, "blocks"), (Heads, "attention heads"), (Length, "tokens") })
            Require.Positive(value, $"the decoder's number of {what}");
        Require.That(Width % Heads == 0, $"{Heads} attention heads do not divide the decoder's width {Width}");
        Require.That(Length > 1, $"texts of {Length} tokens have no room for a word and their end");
        return this;
    }
}
