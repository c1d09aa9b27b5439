using System.CommandLine;
using System.Globalization;

namespace Silc.Samples.Options;

/// <summary><c>--views</c> and <c>--augment</c>: what training, inspecting and timing make of an image.</summary>
static class ViewOptions
{
    /// <summary>Which views there are.</summary>
    public static readonly Option<string?> Recipe = new("--views")
    {
        Description = $"Recipe of the views: {string.Join(", ", ViewConfig.RecipeNames)}; crops of the preset without colour changes unless given. "
            + "--augment adds to it.",
        HelpName = string.Join('|', ViewConfig.RecipeNames),
    };

    /// <summary>Changes to views beside crops.</summary>
    public static readonly Option<string> Augment = AugmentOption.Create();

    public static readonly Option<ResampleFilter?> Resize = new("--resize")
    {
        Description = "How views are resized: bicubic or bilinear, both antialiased, or tf, big_vision's way; bicubic unless given.",
        HelpName = string.Join('|', Enum.GetNames<ResampleFilter>()).ToLowerInvariant(),
    };

    public static readonly Option<string> Naflex = OptionForm.Text("--naflex",
        "Train on whole images at their own aspect ratio, of at most N patches (NaFlex of SigLIP 2); of several numbers, as 128,256,576, each batch "
            + "draws its own; 0 trains on squares.", "0", "N,...");

    public static readonly Option<int> NaflexMin = OptionForm.Number("--naflex-min",
        "The least that --naflex draws for a batch, from 128, 256, 576, 784, 1024 and N, where one N is given.", new ViewConfig().NaflexMin).From(1);

    public static IReadOnlyList<Option> All { get; } = [Recipe, Augment, Resize, Naflex, NaflexMin];

    /// <summary>The recipe's views, or the preset's; small views keep the size that fits the preset's patches.</summary>
    /// <param name="preset">Views of the model's preset.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="minCrop">Smallest area of a global view.</param>
    public static ViewConfig Of(ViewConfig preset, ParseResult parsed, double? minCrop = null)
    {
        var views = parsed.GetValue(Recipe) is { } name ? ViewConfig.Recipe(name) with { LocalSize = preset.LocalSize } : preset;
        views = views with { GlobalScaleMin = minCrop ?? views.GlobalScaleMin, Filter = parsed.GetValue(Resize) ?? views.Filter };
        var (most, choices) = Lengths(parsed.GetValue(Naflex)!);
        if (choices is not null && parsed.GetValue(NaflexMin) is var least && least != new ViewConfig().NaflexMin)
            throw new ArgumentException($"{NaflexMin.Name} {least} is for one length of {Naflex.Name}, and "
                + $"{parsed.GetValue(Naflex)} says itself what is drawn from");
        views = views with { Naflex = most, NaflexChoices = choices, NaflexMin = parsed.GetValue(NaflexMin) };
        return AugmentOption.Apply(views, parsed.GetValue(Augment)!);
    }

    static (int Most, string? Choices) Lengths(string given)
    {
        int[] each = [.. given.Split(',').Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length
            : throw new ArgumentException($"{Naflex.Name} {given}: '{word}' is no number of patches; write for example 576, or 128,256,576"))];
        return each is [var one] ? (one, null) : (each.Max(), string.Join(',', each));
    }
}
