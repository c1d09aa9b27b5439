using System.CommandLine;

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
}
