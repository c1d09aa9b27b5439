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

    public static IReadOnlyList<Option> All { get; } = [Recipe, Augment, Resize];

    /// <summary>The recipe's views, or the preset's; small views keep the size that fits the preset's patches.</summary>
    /// <param name="preset">Views of the model's preset.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="minCrop">Smallest area of a global view.</param>
    public static ViewConfig Of(ViewConfig preset, ParseResult parsed, double? minCrop = null)
    {
        var views = parsed.GetValue(Recipe) is { } name ? ViewConfig.Recipe(name) with { LocalSize = preset.LocalSize } : preset;
        views = views with { GlobalScaleMin = minCrop ?? views.GlobalScaleMin, Filter = parsed.GetValue(Resize) ?? views.Filter };
        return AugmentOption.Apply(views, parsed.GetValue(Augment)!);
    }
}
