using System.CommandLine;

namespace Silc.Samples.Heads;

/// <summary>Options that name a head.</summary>
static class HeadOptions
{
    /// <summary>A head that is read.</summary>
    public static Option<string?> Head(bool required) => new("--head")
    {
        Description = "A folder that silc head train wrote, or the head.safetensors in it; it belongs to the model that it was trained on.",
        HelpName = "DIR|FILE",
        Required = required,
    };

    /// <summary>CAT-Seg's way of sliding.</summary>
    public static readonly Option<bool> Slide = new("--slide")
    {
        Description = "Squash the image to a square of 5/3 of a window, slide windows over it that overlap by a third, and count the whole image in "
            + "one window as much as them all: CAT-Seg's inference for ADE20K and Pascal Context.",
    };

    /// <summary>What the line says the head sees of an image at once.</summary>
    public static SegmentationWindows WindowsOf(ParseResult parsed, int usual)
    {
        if (!parsed.GetValue(Slide)) return SegmentationOptions.WindowsOf(parsed, usual);
        if (SegmentationOptions.Seeing.Skip(1).FirstOrDefault(option => parsed.GetResult(option) is not null) is { } wrong)
            throw new ArgumentException($"--slide says how windows lie: leave out {wrong.Name}");
        return SegmentationWindows.SquashedAndWhole(SegmentationOptions.WindowOf(parsed) ?? usual);
    }

    /// <summary>What of the towers is trained along.</summary>
    public static readonly Option<string?> Tune = new("--tune")
    {
        Description = "Train these parameters of the towers along, a pattern of names such as 'img/.*' or '(img|txt)/.*', or catseg: query, value "
            + "and positions of both, as CAT-Seg does. The head's file then holds them, and the model stays as it is. A step takes several times "
            + "as long.",
        HelpName = "PATTERN|catseg",
    };

    /// <summary>How fast.</summary>
    public static readonly Option<double> TuneRate = new Option<double>("--tune-rate")
    {
        Description = "Learning rate of --tune, as a multiple of --lr; OWL-ViT tunes all at 1.",
        HelpName = "X",
        DefaultValueFactory = _ => 0.01,
    }.Above(0);

    /// <summary>How fast texts.</summary>
    public static readonly Option<double?> TuneTextRate = new Option<double?>("--tune-text-rate")
    {
        Description = "The same for what --tune matches of the text tower, where that is another; OWL-ViT tunes it at 0.04 of the rate.",
        HelpName = "X",
    }.Above(0);

    const string CatSegPattern = "(img|txt)/(.*/(query|value)/.*|pos_embedding)";

    /// <summary>The rules of a line; null freezes the tower.</summary>
    /// <exception cref="ArgumentException">A rate without a pattern, or one of texts whose pattern takes nothing of the text tower.</exception>
    public static IReadOnlyList<RateRule>? TunedOf(ParseResult parsed, SilcModel model)
    {
        var pattern = parsed.GetValue(Tune);
        if (pattern is null && parsed.GetResult(TuneRate) is { Implicit: false }) throw new ArgumentException("--tune-rate needs --tune");
        if (pattern is null && parsed.GetValue(TuneTextRate) is not null) throw new ArgumentException("--tune-text-rate needs --tune");
        if (pattern is null) return null;
        if (pattern == "catseg") pattern = CatSegPattern;
        var all = new RateRule(pattern, parsed.GetValue(TuneRate));
        all.Check();
        if (parsed.GetValue(TuneTextRate) is not { } rate) return [all];
        // The first rule that matches counts.
        var texts = new RateRule($"(?=txt/)(?:{pattern})", rate);
        return model.Parameters.All.Any(p => ParameterPattern.Matches(texts.Pattern, p.Name)) ? [texts, all] : throw new ArgumentException(
            $"{TuneTextRate.Name} {rate}: {Tune.Name} '{pattern}' takes no parameter of the text tower; leave the rate out, or let the pattern take "
            + "some, as '(img|txt)/.*' does");
    }

    /// <summary>What is said of a head's tower.</summary>
    public static string TowerOf(HeadDescription told) => told.Tuned is { } rules
        ? $"{told.Tower}, tuned along: {string.Join(", ", rules.Select(rule => $"{rule.Pattern} at {rule.Multiplier} of the rate"))}" : told.Tower;

    /// <summary>How a head that writes looks for its words.</summary>
    public static readonly Option<int> Beam = new Option<int>("--beam")
    {
        Description = "Texts that are followed at once, 1 to 32; 1 takes the most probable word each time.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    }.From(1);

    /// <summary>Opens a head beside its model, and says where they differ in what is legal.</summary>
    public static SegmentationHead Open(SilcModel model, string path, int? window)
    {
        var head = SegmentationHead.Load(model, path);
        if (window is { } side && side != head.Description.Resolution)
            Console.Error.WriteLine($"note: {path} was trained on images of {head.Description.Resolution} pixels, and sees {side} here; "
                + "positions are resized");
        return head;
    }
}
