namespace Silc;

/// <summary>How the patches that a student does not see are chosen.</summary>
public enum MaskKind
{
    /// <summary>Exactly so many, all choices equally likely: SigLIP 2's and TIPS'.</summary>
    Random,

    /// <summary>
    /// Rectangles of at least 4 patches, until enough is hidden or ten in a row did not fit, so that fewer may be hidden than asked: DINOv2's
    /// (arXiv:2304.07193).
    /// </summary>
    Blocks,

    /// <summary>Rectangles, then single patches until exactly so many are hidden: DINOv3's (arXiv:2508.10104).</summary>
    FilledBlocks,

    /// <summary>As <see cref="Blocks"/>, of at least (grid / 3)² patches, rounded down before the square: iBOT's (arXiv:2111.07832).</summary>
    IbotBlocks,
}

/// <summary>
/// What masked patch prediction hides of each global view, and whose predictions count. The student sees a learned vector in the place of a hidden
/// patch, before positions are added, and predicts the teacher's distribution over prototypes for it; the teacher sees the whole view.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Ratio">Share of the patches of a view that is hidden, from 0 to 1; at 1 nothing is seen. SigLIP 2 has 0.5, TIPS 0.75.</param>
/// <param name="RatioMax">
/// The largest share; those of a step's views are spread evenly from <paramref name="Ratio"/> to it. Null gives all the same. DINOv2 has 0.1 to 0.5.
/// </param>
/// <param name="Images">Share of the images of a batch that have hidden patches; DINOv2 has 0.5. Others add 0 to the loss.</param>
/// <param name="Kind">Which patches.</param>
/// <param name="AllPatches">Predictions for visible patches count too, in all images: iBOT++ of TIPSv2.</param>
/// <param name="SharedHead">Patches go through self-distillation's head; without it they have one of their own, of the same sizes.</param>
public sealed partial record MaskConfig(double Ratio = 0.5, double? RatioMax = null, double Images = 1, MaskKind Kind = MaskKind.Random,
    bool AllPatches = false, bool SharedHead = false)
{
    /// <summary>The largest share of a view that is hidden.</summary>
    internal double Most => RatioMax ?? Ratio;

    internal void Check()
    {
        Require.Within(Ratio, 0, 1, "share of hidden patches (--mask-ratio)");
        if (RatioMax is { } most)
            Require.That(most >= Ratio && most <= 1,
                $"the largest share of hidden patches (--mask-ratio-max) is {most}, it must lie in [{Ratio}, 1]");
        Require.Within(Images, 0, 1, "share of images with hidden patches (--mask-images)");
        Require.That(Enum.IsDefined(Kind), $"the kind of masks is {(int)Kind}, it must be Random, Blocks, FilledBlocks or IbotBlocks");
    }
}
