using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary>MaskCLIP's refinements of segmentation by text alone.</summary>
static class RefinementOptions
{
    static readonly Option<double?> Denoise = new Option<double?>("--denoise")
    {
        Description = "Prompt denoising of MaskCLIP: do not look for classes whose probability reaches this, above 0 to 1, at no patch of an image; "
            + "0.5 in its code. Off unless given, as in its published results.",
        HelpName = "P",
    }.Above(0);

    static readonly Option<double?> SmoothKeys = new Option<double?>("--smooth-keys")
    {
        Description = "Key smoothing of MaskCLIP: where no class is as probable as this, above 0 to 1, patches take probabilities from those whose "
            + "keys in the last block are like theirs; 1 smooths every patch. Off unless given, as in its published results.",
        HelpName = "P",
    }.Above(0);

    public static IReadOnlyList<Option> All { get; } = [Denoise, SmoothKeys];

    /// <summary>What the line says; null for neither.</summary>
    /// <exception cref="ArgumentException">A probability is above 1.</exception>
    public static SegmentationRefinement? Of(ParseResult parsed)
    {
        foreach (var option in (Option<double?>[])[Denoise, SmoothKeys])
            if (parsed.GetValue(option) > 1) throw new ArgumentException($"{option.Name} {parsed.GetValue(option)}: it is a probability, at most 1");
        return parsed.GetValue(Denoise) is null && parsed.GetValue(SmoothKeys) is null ? null
            : new(parsed.GetValue(Denoise), parsed.GetValue(SmoothKeys));
    }

    /// <summary>What a line of scores says of them.</summary>
    public static string Words(SegmentationRefinement? refinement) =>
        (refinement?.Denoise is { } least ? $", names denoised at {least}" : "")
        + (refinement?.SmoothKeys is { } below ? below >= 1 ? ", smoothed by keys" : $", smoothed by keys below {below}" : "");
}
