namespace Silc;

/// <summary>
/// Sizes of a detection head: OWL-ViT's (Minderer et al. 2022, arXiv:2205.06230), one box a patch, on the tokens of a frozen tower. Threads:
/// immutable; any number may share it.
/// </summary>
/// <param name="Block">
/// A transformer block with learned positions stands between the tokens and the heads: one token has to win against its neighbours of the same
/// thing, which a head of a single token cannot see. Without it a frozen tower finds little.
/// </param>
/// <param name="Heads">Attention heads of that block; they divide the tower's width.</param>
/// <param name="Aligned">
/// The class embedding begins as the patch in the space of texts and is moved from there, which keeps names open that training does not show; false
/// learns it from nothing, as OWL-ViT does.
/// </param>
public sealed record DetectionConfig(bool Block = true, int Heads = 4, bool Aligned = true)
{
    /// <summary>Weight of positives in the focal loss; negatives weigh 1 − α.</summary>
    internal const float Alpha = 0.3f;

    /// <summary>Throws unless it fits a tower.</summary>
    /// <exception cref="ArgumentException">The heads do not divide the width.</exception>
    internal void Check(int width) =>
        Require.That(!Block || Heads > 0 && width % Heads == 0, $"{Heads} attention heads do not divide the tower's width {width}");
}
