using System.CommandLine;
using Silc.Samples.Outputs;

namespace Silc.Samples.Options;

/// <summary>Options that evaluations share.</summary>
static class EvalOptions
{
    /// <summary>How a model that embeds multiplies.</summary>
    public static readonly Option<Precision> Precision = OptionForm.Choice("--precision",
        "How products multiply: tf32 and bf16 need NVIDIA tensor cores, int8, of rounded weights, a CPU with AVX-VNNI.", Silc.Precision.Float32);

    const string CropName = "--eval-crop", CropChoices = "squash|center|naflex";

    public static readonly Option<EvalCrop> Crop = new(CropName)
    {
        Description = "How images become squares: squash distorts them, as SigLIP and SILC do; center cuts off the ends of the longer side, as CLIP "
            + "does; naflex makes none, and keeps the aspect ratio in as many patches as a square has, as SigLIP 2 NaFlex.",
        HelpName = CropChoices,
        DefaultValueFactory = _ => EvalCrop.Squash,
    };

    /// <summary>The same where an index says how its images became squares.</summary>
    public static readonly Option<EvalCrop?> QueryCrop = new(CropName)
    {
        Description = "How asked images become squares: as those of the index did, which says so; squash for one that does not.",
        HelpName = CropChoices,
    };

    /// <summary>How images are resized, where the model's own rule will not do; <see cref="RuleOf"/> reads it.</summary>
    public static readonly Option<string?> Resize = Ruled(new("--resize", "--eval-resize")
    {
        Description = $"How images are resized: {string.Join(", ", ImageRule.FilterNames)}; square875 takes the middle of a square resized to "
            + "int(side / 0.875), also as "
            + "tf+square875. The model's own way unless given: tf for weights of big_vision, pil for transformers and open_clip, bicubic for Silc's.",
        HelpName = $"{string.Join('|', ImageRule.FilterNames)}|square875",
    }, (rule, given) => rule.WithResize(given));

    /// <summary>What shows through transparent pixels.</summary>
    public static readonly Option<string?> Background = Behind("--background");

    /// <summary>The same where <c>--background</c> is that of label maps.</summary>
    public static readonly Option<string?> ImageBackground = Behind("--image-background");

    /// <summary>The rule of the line, over that of the model or of an index.</summary>
    public static ImageRule RuleOf(ParseResult parsed, ImageRule usual)
    {
        var rule = parsed.GetValue(Resize) is { } resize ? usual.WithResize(resize) : usual;
        return (parsed.GetValue(Background) ?? parsed.GetValue(ImageBackground)) is { } colour ? rule.WithBackground(colour) : rule;
    }

    static Option<string?> Behind(string name) => Ruled(new(name)
    {
        Description = "What shows through transparent pixels: drop leaves alpha out, as TensorFlow and PIL's convert('RGB') do; grey, white, "
            + "black or #rrggbb. "
            + "The model's own way unless given: grey for Silc's, white for transformers, drop for big_vision and open_clip.",
        HelpName = "drop|grey|white|black|#rrggbb",
    }, (rule, given) => rule.WithBackground(given));

    static Option<string?> Ruled(Option<string?> option, Func<ImageRule, string, ImageRule> apply)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0) return;
            try
            {
                apply(ImageRule.Own, result.Tokens[0].Value);
            }
            catch (ArgumentException wrong)
            {
                result.AddError($"{option.Name} {result.Tokens[0].Value}: {wrong.Message}");
            }
        });
        return option;
    }

    public static readonly Option<string?> Json = new("--json")
    {
        Description = "Also write the numbers to a file; without FILE, or with -, print them as JSON in place of the table.",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>The numbers go to the standard output, and nothing else does.</summary>
    public static bool PrintsJson(ParseResult parsed) => parsed.GetResult(Json) is { } given
        && (given.Tokens.Count == 0 || given.Tokens[0].Value == "-");

    /// <summary>Where a command says what it wrote.</summary>
    public static TextWriter Said(ParseResult parsed) => PrintsJson(parsed) ? Console.Error : Console.Out;

    /// <summary>The file of <see cref="Json"/>, if asked for.</summary>
    public static Output? ScoresOf(ParseResult parsed) => !PrintsJson(parsed) && parsed.GetValue(Json) is { } file ? Output.Scores(file) : null;
}
