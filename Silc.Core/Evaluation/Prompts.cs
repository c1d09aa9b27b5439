using System.Text;

namespace Silc;

/// <summary>Sentences around class names, for zero-shot classification; <c>{}</c> stands for the name.</summary>
public static class Prompts
{
    /// <summary>One sentence.</summary>
    public static IReadOnlyList<string> Photo { get; } = ["a photo of a {}."];

    /// <summary>
    /// The seven to which CLIP's prompt-engineering notebook reduces its eighty (Radford et al. 2021, arXiv:2103.00020).
    /// </summary>
    public static IReadOnlyList<string> Short { get; } =
    [
        "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
        "art of the {}.", "a photo of the small {}.",
    ];

    /// <summary>
    /// Every template for every class, class-major: prompt p of class c is at c · P + p. A name is what stands before its first
    /// comma; the result is canonical unless <paramref name="canonical"/> is false.
    /// </summary>
    public static IReadOnlyList<string> ForClasses(
        IEnumerable<string> names, IReadOnlyList<string>? templates = null, bool canonical = true)
    {
        templates ??= Photo;
        foreach (var template in templates)
            Require.That(template.Contains("{}"), $"template '{template}' has no {{}} for the class name");
        var filled = names.SelectMany(name => templates.Select(template => template.Replace("{}", name.Split(',')[0])));
        return [.. canonical ? filled.Select(Canonical) : filled];
    }

    /// <summary>
    /// Lower case, underscores to spaces, no ASCII punctuation, single spaces: what SigLIP's zero-shot evaluator does to a text.
    /// </summary>
    public static string Canonical(string text)
    {
        var canonical = new StringBuilder(text.Length);
        foreach (var letter in text.ToLowerInvariant())
        {
            if (letter == '_' || char.IsWhiteSpace(letter))
            {
                if (canonical.Length > 0 && canonical[^1] != ' ') canonical.Append(' ');
            }
            else if (!char.IsAscii(letter) || char.IsLetterOrDigit(letter))
            {
                canonical.Append(letter);
            }
        }
        return canonical.ToString().TrimEnd();
    }
}
