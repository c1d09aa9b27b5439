using System.CommandLine;
using Silc.Samples.Outputs;

namespace Silc.Samples.Options;

/// <summary>Options that evaluations share.</summary>
static class EvalOptions
{
    const string CropName = "--eval-crop", CropChoices = "squash|center";

    public static readonly Option<EvalCrop> Crop = new(CropName)
    {
        Description = "How images become squares: squash distorts them, as SigLIP and SILC do; center cuts off the ends of the longer side, as CLIP does.",
        HelpName = CropChoices,
        DefaultValueFactory = _ => EvalCrop.Squash,
    };

    /// <summary>The same where an index says how its images became squares.</summary>
    public static readonly Option<EvalCrop?> QueryCrop = new(CropName)
    {
        Description = "How images of --like become squares: as those of the index did, which says so; squash for one that does not.",
        HelpName = CropChoices,
    };

    public static readonly Option<string?> Json = new("--json")
    {
        Description = "Also write the numbers to a file; without FILE, or with -, print them as JSON in place of the table.",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>The numbers go to the standard output, and nothing else does.</summary>
    public static bool PrintsJson(ParseResult parsed) => parsed.GetResult(Json) is { } given && (given.Tokens.Count == 0 || given.Tokens[0].Value == "-");

    /// <summary>Where a command says what it wrote.</summary>
    public static TextWriter Said(ParseResult parsed) => PrintsJson(parsed) ? Console.Error : Console.Out;

    /// <summary>The file of <see cref="Json"/>, if asked for.</summary>
    public static Output? ScoresOf(ParseResult parsed) => !PrintsJson(parsed) && parsed.GetValue(Json) is { } file ? Output.Scores(file) : null;
}
