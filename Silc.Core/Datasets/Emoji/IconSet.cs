using System.Text;
using System.Text.Json;

namespace Silc.Datasets;

/// <summary>An Iconify package: icon bodies by name, further names for some of them, and names by code points.</summary>
sealed class IconSet
{
    readonly record struct Icon(string Body, double Width, double Height);

    readonly record struct Alias(string Parent, bool FlipX, bool FlipY, int QuarterTurns);

    readonly Dictionary<string, Icon> icons = [];
    readonly Dictionary<string, Alias> aliases = [];

    public IconSet(byte[] iconsJson, byte[] charsJson)
    {
        using var document = JsonDocument.Parse(iconsJson);
        var root = document.RootElement;
        var (width, height) = (Number(root, "width", 16), Number(root, "height", 16));   // 16: Iconify's default
        foreach (var (name, icon) in root.GetProperty("icons").EnumerateObject().Select(pair => (pair.Name, pair.Value)))
            icons[name] = new Icon(Text(icon, "body"), Number(icon, "width", width), Number(icon, "height", height));
        if (root.TryGetProperty("aliases", out var others))
        {
            foreach (var (name, alias) in others.EnumerateObject().Select(pair => (pair.Name, pair.Value)))
            {
                var quarterTurns = (int)Number(alias, "rotate", 0);
                aliases[name] = new Alias(Text(alias, "parent"), Flag(alias, "hFlip"), Flag(alias, "vFlip"), quarterTurns);
            }
        }
        using var chars = JsonDocument.Parse(charsJson);
        NamesByKey = [.. chars.RootElement.EnumerateObject()
            .Select(pair => (EmojiConcept.KeyOf(pair.Name), pair.Value.GetString()!))];
    }

    /// <summary>Join key and icon name pairs of chars.json; empty in packages that only know names.</summary>
    public IReadOnlyList<(string Key, string Name)> NamesByKey { get; }

    /// <summary>Every name with its icon: an icon's own name first, then synonyms; a rotated or mirrored icon counts as another icon.</summary>
    public IEnumerable<(string Name, string Icon)> Names => icons.Keys.Select(name => (name, name))
        .Concat(Synonyms)
        .Concat(aliases.Keys.Except(Synonyms.Select(synonym => synonym.Name)).Select(name => (name, name)));

    /// <summary>Pairs of names for one and the same image.</summary>
    public IEnumerable<(string Name, string Parent)> Synonyms =>
        from pair in aliases
        where pair.Value is { FlipX: false, FlipY: false, QuarterTurns: 0 }
        select (pair.Key, pair.Value.Parent);

    /// <summary>The SVG file of an icon: its body wrapped in an svg element of its size.</summary>
    public string Svg(string name)
    {
        var body = new StringBuilder();
        var icon = Resolve(name, body, out var end);
        return $"""
            <svg viewBox="0 0 {icon.Width} {icon.Height}"
                xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
            {body}{icon.Body}{end}
            </svg>
            """;
    }

    // An alias may rotate or mirror its parent, which may be an alias itself: the transforms nest in that order.
    Icon Resolve(string name, StringBuilder before, out string after)
    {
        after = "";
        while (aliases.TryGetValue(name, out var alias) && !icons.ContainsKey(name))
        {
            var parent = icons.TryGetValue(alias.Parent, out var icon) ? icon : default;
            if (alias.QuarterTurns != 0)
                Open($"rotate({90 * alias.QuarterTurns} {parent.Width / 2} {parent.Height / 2})", ref after);
            if (alias.FlipX) Open($"translate({parent.Width} 0) scale(-1 1)", ref after);
            if (alias.FlipY) Open($"translate(0 {parent.Height}) scale(1 -1)", ref after);
            name = alias.Parent;
        }
        return icons[name];

        void Open(string transform, ref string end)
        {
            before.Append($"<g transform=\"{transform}\">");
            end += "</g>";
        }
    }

    static double Number(JsonElement element, string name, double otherwise) =>
        element.TryGetProperty(name, out var value) ? value.GetDouble() : otherwise;

    static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    static bool Flag(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.GetBoolean();
}
