using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary>How class names become sentences.</summary>
static class PromptOptions
{
    static readonly Option<string?> Templates = new("--templates")
    {
        Description = $"Sentences around class names, averaged: {string.Join(", ", Prompts.TemplateSets)}, or a file with one a line; {{}} stands "
            + "for the name.",
        HelpName = $"{string.Join('|', Prompts.TemplateSets)}|FILE",
    };

    static readonly Option<AliasUse?> Aliases = new("--aliases")
    {
        Description = "What further names of a class are for: first ignores them, average mixes all into one embedding, best takes the closest.",
        HelpName = string.Join('|', Enum.GetNames<AliasUse>()).ToLowerInvariant(),
    };

    public static IReadOnlyList<Option> All { get; } = [Templates, Aliases];

    /// <summary>The templates; <paramref name="usual"/> unless given.</summary>
    public static IReadOnlyList<string> TemplatesOf(ParseResult parsed, string usual) => Prompts.Templates(parsed.GetValue(Templates) ?? usual);

    public static bool HasTemplates(ParseResult parsed) => parsed.GetValue(Templates) is not null;

    public static AliasUse AliasesOf(ParseResult parsed, AliasUse usual) => parsed.GetValue(Aliases) ?? usual;
}
