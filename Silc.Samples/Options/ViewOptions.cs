using System.CommandLine;

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

    public static readonly Option<int> Naflex = OptionForm.Number("--naflex",
        "Train on whole images at their own aspect ratio, of at most N patches (NaFlex of SigLIP 2); 0 trains on squares.",
        new ViewConfig().Naflex).From(0);

    public static readonly Option<int> NaflexMin = OptionForm.Number("--naflex-min",
        "The least that --naflex draws for a batch, from 128, 256, 576, 784, 1024 and N.", new ViewConfig().NaflexMin).From(1);

    public static IReadOnlyList<Option> All { get; } = [Recipe, Augment, Resize, Naflex, NaflexMin];

    /// <summary>The recipe's views, or the preset's; small views keep the size that fits the preset's patches.</summary>
    /// <param name="preset">Views of the model's preset.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="minCrop">Smallest area of a global view.</param>
    public static ViewConfig Of(ViewConfig preset, ParseResult parsed, double? minCrop = null)
    {
        var views = parsed.GetValue(Recipe) is { } name ? ViewConfig.Recipe(name) with { LocalSize = preset.LocalSize } : preset;
        views = views with { GlobalScaleMin = minCrop ?? views.GlobalScaleMin, Filter = parsed.GetValue(Resize) ?? views.Filter };
        views = views with { Naflex = parsed.GetValue(Naflex), NaflexMin = parsed.GetValue(NaflexMin) };
        return AugmentOption.Apply(views, parsed.GetValue(Augment)!);
    }
}
