namespace Silc;

public static partial class Prompts
{
    /// <summary>The name alone.</summary>
    public static IReadOnlyList<string> NameOnly { get; } = ["{}"];

    /// <summary>One sentence.</summary>
    public static IReadOnlyList<string> Photo { get; } = ["a photo of a {}."];

    /// <summary>The seven to which CLIP's prompt-engineering notebook reduces its eighty (Radford et al. 2021, arXiv:2103.00020).</summary>
    public static IReadOnlyList<string> Short { get; } =
    [
        "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
        "art of the {}.", "a photo of the small {}.",
    ];

    /// <summary>The nine of zero-shot segmentation (Cha et al. 2023, TCL, arXiv:2212.00785): <see cref="Short"/>, "many" and the plural.</summary>
    public static IReadOnlyList<string> Segmentation { get; } = [.. Short, "a photo of many {}.", "a photo of {}s."];

    /// <summary>The eighty of CLIP's notebook and the bare name: big_vision's "clip_paper". Nearly all come in pairs, with "a" and "the".</summary>
    public static IReadOnlyList<string> Clip { get; } = [.. Eighty(), "{}"];

    /// <summary><see cref="Short"/> and the bare name: big_vision's "clip_best".</summary>
    public static IReadOnlyList<string> ClipBest { get; } = [.. Short, "{}"];

    /// <summary>Names of the sets that <see cref="Templates"/> knows.</summary>
    public static IReadOnlyList<string> TemplateSets { get; } = ["name", "photo", "short", "segmentation", "clip", "clip_best"];

    /// <summary>A set by its name, or a file with one template a line.</summary>
    /// <exception cref="InvalidDataException">The file has no template, or one without {}; the message names the line.</exception>
    /// <exception cref="FileNotFoundException">Neither a set nor a file.</exception>
    public static IReadOnlyList<string> Templates(string nameOrFile) => nameOrFile switch
    {
        "name" => NameOnly,
        "photo" => Photo,
        "short" => Short,
        "segmentation" => Segmentation,
        "clip" => Clip,
        "clip_best" => ClipBest,
        _ => File.Exists(nameOrFile) ? Read(nameOrFile) : throw new FileNotFoundException(
            $"no prompt templates '{nameOrFile}': there are {string.Join(", ", TemplateSets)}, or name a file with one template a line"),
    };

    static List<string> Read(string path)
    {
        var templates = new List<string>();
        foreach (var (i, line) in Utf8File.ReadLines(path).Index())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            if (!line.Contains("{}"))
                throw new InvalidDataException($"{path} line {i + 1}: '{line.Trim()}' has no {{}} for the class name");
            templates.Add(line.Trim());
        }
        return templates.Count > 0 ? templates
            : throw new InvalidDataException($"{path} has no template; write one a line, as 'a photo of a {{}}.'");
    }

    static IEnumerable<string> Eighty()
    {
        string[] views =
        [
            "a photo", "a good photo", "a bad photo", "a bright photo", "a dark photo", "a blurry photo", "a close-up photo",
            "a cropped photo", "a low resolution photo", "a black and white photo", "a pixelated photo", "a jpeg corrupted photo", "itap",
            "art", "graffiti", "a drawing", "a painting", "a sketch", "a doodle", "a sculpture", "a tattoo", "a rendering", "a rendition",
        ];
        string[] looks = ["hard to see", "clean", "dirty", "cool", "nice", "weird", "large", "small"];
        string[] things = ["plastic {}", "origami {}", "embroidered {}", "toy {}", "cartoon {}", "plushie {}"];
        foreach (var article in (string[])["a", "the"])
        {
            foreach (var view in views) yield return $"{view} of {article} {{}}.";
            foreach (var look in looks) yield return $"a photo of {article} {look} {{}}.";
            foreach (var thing in things) yield return $"{article} {thing}.";
            yield return $"{article} {{}} in a video game.";
        }
        yield return "a photo of one {}.";
        yield return "a photo of many {}.";
        yield return "a photo of my {}.";
        yield return "itap of my {}.";
    }
}
