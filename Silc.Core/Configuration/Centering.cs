namespace Silc;

/// <summary>What keeps the teacher's targets from collapsing to one prototype.</summary>
public enum Centering
{
    /// <summary>The running mean of the teacher's scores is taken off them before the softmax: DINO's and SILC's center.</summary>
    Mean,

    /// <summary>
    /// Three rounds of Sinkhorn-Knopp over the global views of a batch, which use all prototypes alike: SwAV's and DINOv2's (arXiv:2304.07193).
    /// In an accumulated step over those of a slice.
    /// </summary>
    Sinkhorn,
}
