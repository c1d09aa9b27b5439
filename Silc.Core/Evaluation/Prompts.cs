using System.Text;

namespace Silc;

/// <summary>Sentences around class names, for zero-shot classification; <c>{}</c> stands for the name. Threads: any number may call.</summary>
public static partial class Prompts
{
    /// <summary>
    /// Every template for every class, class-major: prompt p of class c is at c · P + p. Names are taken whole, commas and all; a
    /// <see cref="ClassList"/> tells aliases apart. The result is canonical unless <paramref name="canonical"/> is false, but for names that
    /// differ in case and punctuation alone.
    /// </summary>
    /// <exception cref="ArgumentException">A template has no {}.</exception>
    public static IReadOnlyList<string> ForClasses(
        IEnumerable<string> names, IReadOnlyList<string>? templates = null, bool canonical = true)
    {
        templates ??= Photo;
        foreach (var template in templates)
            Require.That(template.Contains("{}"), $"template '{template}' has no {{}} for the class name");
        var all = names.ToList();
        if (!canonical) return [.. all.SelectMany(name => templates.Select(template => template.Replace("{}", name)))];
        var alike = Alike(all);
        return [.. all.SelectMany(name => templates.Select(template =>
            alike.Contains(name) ? Canonical(template.Replace("{}", $"{Name}")).Replace($"{Name}", name) : Canonical(template.Replace("{}", name))))];
    }

    const char Name = '\uE000';      // a private code point, which no template holds

    // C, C++ and C# would be one class: such names keep their spelling.
    static HashSet<string> Alike(List<string> names) =>
        [.. names.Distinct().GroupBy(Canonical).Where(same => same.Count() > 1).SelectMany(same => same)];

    /// <summary>Lower case, underscores to spaces, no ASCII punctuation, single spaces: what SigLIP's zero-shot evaluator does to a text.</summary>
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
