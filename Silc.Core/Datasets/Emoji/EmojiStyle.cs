namespace Silc.Datasets;

/// <summary>One art style of the same concepts: an npm package of SVG images. Threads: immutable; any number may share it.</summary>
/// <param name="Name">Name in the index and of the subfolder.</param>
/// <param name="Package">Name of the npm package.</param>
/// <param name="Version">Version whose counts and images were checked.</param>
/// <param name="Licence">Licence of the art.</param>
sealed record EmojiStyle(string Name, string Package, string Version, string Licence)
{
    /// <summary>The style that no model trains on; its package also holds captions, tags and groups.</summary>
    public static EmojiStyle OpenMoji { get; } = new("openmoji", "openmoji", "17.0.0", "CC BY-SA 4.0");

    /// <summary>The styles to train on.</summary>
    public static IReadOnlyList<EmojiStyle> Training { get; } =
    [
        new("noto", "@iconify-json/noto", "1.2.9", "Apache-2.0"),
        new("twemoji", "@iconify-json/twemoji", "1.2.5", "CC BY 4.0"),
        new("fluent", "@iconify-json/fluent-emoji-flat", "1.2.6", "MIT"),
        new("emojione", "@iconify-json/emojione", "1.2.3", "CC BY 4.0"),
        new("noto-v1", "@iconify-json/noto-v1", "1.2.5", "Apache-2.0"),
    ];

    /// <summary>Package and version as npm wants them.</summary>
    public string Specifier => $"{Package}@{Version}";
}
