namespace Silc;

/// <summary>How a patch is carried into the space that images and captions share; needs no training.</summary>
public enum PatchFeature
{
    /// <summary>The MAP head as if it attended to that patch alone: out(value(x)), then its MLP.</summary>
    MapValues,

    /// <summary>
    /// The same after a last block in which each patch attends to itself alone, so that it does not mix in its surroundings
    /// (Zhou et al. 2022, MaskCLIP, arXiv:2112.01071; Google's TIPS).
    /// </summary>
    LastBlockValues,
}
