using System.Text.Json;

namespace Silc.Datasets;

/// <summary>What an emoji depicts, whatever the style: one row of OpenMoji's metadata. Threads: immutable; any number may share it.</summary>
/// <param name="Key">Code points in lower-case hexadecimal joined by '-', without the variation selector fe0f.</param>
/// <param name="Annotation">The caption, e.g. "dog face".</param>
/// <param name="Base">Key shared by the man, woman, person and skin-tone variants.</param>
/// <param name="Group">One of 9 groups, e.g. "animals-nature".</param>
/// <param name="Subgroup">One of 98 subgroups, e.g. "animal-mammal".</param>
/// <param name="Tags">Further words, e.g. "pet".</param>
sealed record EmojiConcept(
    string Key, string Annotation, string Base, string Group, string Subgroup, IReadOnlyList<string> Tags)
{
    /// <summary>The join key of code points written in any case, joined by '-'.</summary>
    public static string KeyOf(string codePoints) =>
        string.Join('-', codePoints.ToLowerInvariant().Split('-').Where(point => point != "fe0f"));

    /// <summary>The key with man and woman read as person, and without skin tones and gender signs.</summary>
    public static string BaseOf(string key)
    {
        var points = new List<string>();
        foreach (var point in key.Split('-'))
        {
            if (point is "1f3fb" or "1f3fc" or "1f3fd" or "1f3fe" or "1f3ff") continue;
            if (point is "2640" or "2642" && points is [.., "200d"]) points.RemoveAt(points.Count - 1);
            else points.Add(point is "1f468" or "1f469" ? "1f9d1" : point);
        }
        return string.Join('-', points);
    }

    /// <summary>Reads data/openmoji.json; skin-tone rows inherit the tags of the concept they vary.</summary>
    internal static List<EmojiConcept> Parse(byte[] json, bool skinTones)
    {
        using var document = JsonDocument.Parse(json);
        var tags = new Dictionary<string, string[]>();
        var concepts = new List<EmojiConcept>();
        foreach (var row in document.RootElement.EnumerateArray())
        {
            string Text(string name) => row.GetProperty(name).GetString()!;
            var (key, group) = (KeyOf(Text("hexcode")), Text("group"));
            // OpenMoji's own inventions have no counterpart in other styles; components are loose skin and hair swatches.
            if (group == "component" || group.StartsWith("extras-", StringComparison.Ordinal)) continue;
            // A number, "1,5" for two people, or "" for none.
            var tone = row.GetProperty("skintone");
            var hasSkinTone = tone.ValueKind != JsonValueKind.String || tone.GetString() != "";
            if (hasSkinTone && !skinTones) continue;

            tags[key] = Text("tags").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var inherited = tags.GetValueOrDefault(hasSkinTone ? KeyOf(Text("skintone_base_hexcode")) : key, tags[key]);
            concepts.Add(new EmojiConcept(key, Text("annotation"), BaseOf(key), group, Text("subgroups"), inherited));
        }
        return concepts;
    }
}
