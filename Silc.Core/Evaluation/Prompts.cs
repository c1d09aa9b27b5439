using System.Text;

namespace Silc;

/// <summary>Sentences around class names, for zero-shot classification; <c>{}</c> stands for the name.</summary>
public static partial class Prompts
{
    /// <summary>
    /// Every template for every class, class-major: prompt p of class c is at c · P + p. Names are taken whole, commas and all; a
    /// <see cref="ClassList"/> tells aliases apart. The result is canonical unless <paramref name="canonical"/> is false.
    /// </summary>
    public static IReadOnlyList<string> ForClasses(
        IEnumerable<string> names, IReadOnlyList<string>? templates = null, bool canonical = true)
    {
        templates ??= Photo;
        foreach (var template in templates)
            Require.That(template.Contains("{}"), $"template '{template}' has no {{}} for the class name");
        var filled = names.SelectMany(name => templates.Select(template => template.Replace("{}", name)));
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
