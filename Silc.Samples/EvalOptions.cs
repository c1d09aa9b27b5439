using System.CommandLine;
using Silc.Samples.Outputs;

namespace Silc.Samples;

/// <summary>Options that evaluations share.</summary>
static class EvalOptions
{
    public static readonly Option<EvalCrop> Crop = new("--eval-crop")
    {
        Description = "How pictures become squares: squash distorts them, as SigLIP and SILC do; center cuts off the ends of the longer side, as CLIP does.",
        HelpName = "squash|center",
        DefaultValueFactory = _ => EvalCrop.Squash,
    };

    public static readonly Option<string?> Json = new("--json") { Description = "Also write the numbers to a file.", HelpName = "FILE" };

    /// <summary>The file of <see cref="Json"/>, if asked for.</summary>
    public static Output? ScoresOf(ParseResult parsed) => parsed.GetValue(Json) is { } file ? Output.Scores(file) : null;
}
