using static Silc.Datasets.DemoObject;

namespace Silc.Datasets;

/// <summary>Captions of a scene from templates, each true of the image.</summary>
static class DemoCaptions
{
    /// <summary>Longest caption in bytes: a byte tokenizer with 48 tokens loses nothing.</summary>
    public const int MaxBytes = 48;

    /// <summary>At least two captions of at most <see cref="MaxBytes"/> bytes.</summary>
    public static IReadOnlyList<string> Of(DemoScene scene) =>
        [.. (scene.Objects.Count == 1 ? One(scene) : Several(scene)).Where(caption => caption.Length <= MaxBytes)];

    /// <summary>The words with "a" or "an" before them.</summary>
    public static string A(string words) => $"{("aeiou".Contains(words[0]) ? "an" : "a")} {words}";

    static IEnumerable<string> One(DemoScene scene)
    {
        var item = scene.Objects[0];
        var size = item.Large ? "large" : "small";
        yield return A(item.Name);
        yield return $"a photo of {A(item.Name)}";
        yield return A($"{size} {item.Name}");
        yield return $"{A(item.Name)} on {A($"{Word(scene.Background.Colour)} background")}";
        if (item.Texture == DemoTexture.Plain) yield break;
        yield return A($"{Word(item.Texture)} {item.Name}");
        yield return A($"{size} {Word(item.Texture)} {item.Name}");
    }

    static IEnumerable<string> Several(DemoScene scene)
    {
        var items = scene.Objects;
        var (first, second) = (items[0], items[1]);
        if (items.Count == 3)
        {
            yield return $"{A(first.Name)}, {A(second.Name)} and {A(items[2].Name)}";
            yield return $"{A(first.Name)} and two other shapes";
            yield return $"{A(Word(first.Shape))}, {A(Word(second.Shape))} and {A(Word(items[2].Shape))}";
            yield break;
        }
        yield return $"{A(first.Name)} and {A(second.Name)}";
        var (there, back) = Relation(first, second);
        yield return $"{A(first.Name)} {there} {A(second.Name)}";
        yield return $"{A(second.Name)} {back} {A(first.Name)}";
        if (first.Shape != second.Shape) yield return $"{A(Word(second.Shape))} {back} {A(Word(first.Shape))}";
    }

    /// <summary>How the first object lies to the second, and the second to the first.</summary>
    internal static (string There, string Back) Relation(DemoObject first, DemoObject second)
    {
        var (dx, dy) = (second.X - first.X, second.Y - first.Y);
        if (dx == 0 && dy == 0) return ("around", "inside");
        return Math.Abs(dx) > Math.Abs(dy)
            ? dx > 0 ? ("left of", "right of") : ("right of", "left of")
            : dy > 0 ? ("above", "below") : ("below", "above");
    }
}
