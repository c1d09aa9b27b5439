using System.Text;

namespace Silc.Datasets;

/// <summary>
/// Finds the concept behind an icon's name, for packages without code points. A name is an annotation as a slug, a name that another
/// package gives to the same code points, or a synonym of either: art of 2016 still says "bear-face" where Unicode now says "bear".
/// </summary>
sealed class EmojiNames
{
    readonly Dictionary<string, string> keys = [];

    public EmojiNames(IReadOnlyCollection<EmojiConcept> concepts, IReadOnlyCollection<IconSet> sets)
    {
        var known = concepts.Select(concept => concept.Key).ToHashSet();
        foreach (var concept in concepts) keys.TryAdd(Slug(concept.Annotation), concept.Key);
        foreach (var (key, name) in sets.SelectMany(set => set.NamesByKey))
            if (known.Contains(key)) keys.TryAdd(name, key);
        // Twice, because a synonym may lead to another one.
        for (var round = 0; round < 2; round++)
        {
            foreach (var (name, parent) in sets.SelectMany(set => set.Synonyms))
            {
                // Flags that look alike are synonyms in some packages: Svalbard's would become Norway's.
                if (IsFlag(name) || IsFlag(parent)) continue;
                if (keys.TryGetValue(parent, out var key)) keys.TryAdd(name, key);
                else if (keys.TryGetValue(name, out key)) keys.TryAdd(parent, key);
            }
        }
    }

    /// <summary>The icon of each concept that the set has: by code points where it knows them, then by name.</summary>
    public Dictionary<string, string> Join(IconSet set, IReadOnlyCollection<EmojiConcept> concepts)
    {
        var known = concepts.Select(concept => concept.Key).ToHashSet();
        var icons = new Dictionary<string, string>();
        foreach (var (key, name) in set.NamesByKey)
            if (known.Contains(key)) icons.TryAdd(key, name);
        // An icon goes to one concept only. Art of 2016 has "cricket-game", also known as "cricket": that is the bat, not the insect.
        var taken = icons.Values.ToHashSet();
        foreach (var (name, icon) in set.Names)
            if (keys.TryGetValue(name, out var key) && !icons.ContainsKey(key) && taken.Add(icon)) icons.Add(key, icon);
        return icons;
    }

    /// <summary>Lower-case ASCII words joined by '-': "person: blond hair" is "person-blond-hair".</summary>
    public static string Slug(string text)
    {
        var slug = new StringBuilder();
        foreach (var letter in text.Select(Accents.Strip).Select(char.ToLowerInvariant))
        {
            if (letter is '\'' or '’') continue;
            if (char.IsAsciiLetterOrDigit(letter)) slug.Append(letter);
            else if (letter == '&') slug.Append(slug is [.., '-'] ? "and" : "-and");
            else if (slug is [.., not '-']) slug.Append('-');
        }
        return slug.ToString().TrimEnd('-');
    }

    static bool IsFlag(string name) => name.StartsWith("flag-", StringComparison.Ordinal);
}

/// <summary>Western accents off their letters. The runtime's own decomposition is not there where globalization is switched off.</summary>
static class Accents
{
    const string With = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöøùúûüýÿ";
    const string Without = "AAAAAACEEEEIIIINOOOOOOUUUUYaaaaaaceeeeiiiinoooooouuuuyy";

    /// <summary>The plain letter for an accented one, any other character as it is.</summary>
    public static char Strip(char letter) => With.IndexOf(letter) is >= 0 and var i ? Without[i] : letter;
}
