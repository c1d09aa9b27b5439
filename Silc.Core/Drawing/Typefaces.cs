using System.Collections.Concurrent;
using System.IO.Compression;
using SkiaSharp;

namespace Silc;

/// <summary>
/// Fonts for letters that strokes do not draw: the system's own that has them, else GNU Unifont, which is embedded, since a machine that
/// trains may have no fonts at all. Safe to call from several threads.
/// </summary>
static class Typefaces
{
    static readonly ConcurrentDictionary<int, SKTypeface?> known = new();
    static readonly Lock gate = new();

    // Opened one by one, as far as letters ask for them; the last are the embedded ones.
    static readonly List<SKTypeface> opened = [];
    static readonly IEnumerator<SKTypeface> rest = Installed().Concat(Embedded()).GetEnumerator();

    // Words of names of fonts that are read less well in small sizes.
    static readonly string[] unusual = ["Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Mono", "Condensed", "Serif", "Math", "Color"];

    /// <summary>A font that has the letter; null if none has.</summary>
    public static SKTypeface? For(int letter) => known.GetOrAdd(letter, Find);

    /// <summary>The embedded fonts alone, as on a machine without any.</summary>
    internal static IEnumerable<SKTypeface> Embedded() => ((string[])["unifont.otf", "unifont_upper.otf"]).Select(Unpack);

    /// <summary>True if the font has a glyph for the letter.</summary>
    public static bool Has(SKTypeface face, int letter)
    {
        using var font = new SKFont(face);
        return font.ContainsGlyph(letter);
    }

    static SKTypeface? Find(int letter)
    {
        // Skia's build for Linux knows no installed fonts, and answers with one that has nothing.
        if (SKFontManager.Default.MatchCharacter(letter) is { } match && Has(match, letter)) return match;
        lock (gate)
        {
            if (opened.Find(face => Has(face, letter)) is { } found) return found;
            while (rest.MoveNext())
            {
                opened.Add(rest.Current);
                if (Has(rest.Current, letter)) return rest.Current;
            }
            return null;
        }
    }

    static IEnumerable<SKTypeface> Installed()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] folders = OperatingSystem.IsLinux()
            ? ["/usr/share/fonts", "/usr/local/share/fonts", Path.Combine(home, ".fonts"), Path.Combine(home, ".local/share/fonts")] : [];
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        return folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", options))
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".ttf" or ".otf" or ".ttc")
            .OrderBy(file => unusual.Count(word => Path.GetFileName(file).Contains(word, StringComparison.OrdinalIgnoreCase)))
            .ThenBy(file => file, StringComparer.Ordinal)
            .Select(file => SKTypeface.FromFile(file)).OfType<SKTypeface>();
    }

    static SKTypeface Unpack(string name)
    {
        using var packed = typeof(Typefaces).Assembly.GetManifestResourceStream($"{name}.br")!;
        using var bytes = new BrotliStream(packed, CompressionMode.Decompress);
        using var whole = new MemoryStream();
        bytes.CopyTo(whole);
        return SKTypeface.FromData(SKData.CreateCopy(whole.GetBuffer().AsSpan(0, (int)whole.Length)));
    }
}
