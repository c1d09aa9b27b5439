namespace Silc;

/// <summary>
/// One training batch on the host. Pixels are float32 in [-1, 1], view-major: <see cref="Global"/> is (G, B, h, w, 3),
/// <see cref="Local"/> (L, B, h', w', 3), <see cref="Anchor"/> (G, B, s·h, s·w, 3); <see cref="Plain"/> is (B, h, w, 3),
/// <see cref="Tokens"/> (B, T). Threads: one at a time.
/// </summary>
public sealed class Batch
{
    /// <summary>A batch of <paramref name="size"/> images for <paramref name="config"/>, all zero.</summary>
    public Batch(SilcConfig config, int size)
    {
        var (views, side, localSide) = (config.Views, config.ImageSize, config.Views.LocalSize);
        Size = size;
        int large = views.Naflex > 0 ? 0 : views.Global * size, anchorSide = views.AnchorScale * side;
        Global = new float[large * side * side * 3];
        Local = new float[views.Local * size * localSide * localSide * 3];
        Anchor = new float[large * anchorSide * anchorSide * 3];
        Plain = new float[views.Plain ? size * side * side * 3 : 0];
        Packed = views.Naflex > 0 ? new(size, views.Naflex, config.PatchSize) : null;
        Tokens = new int[size * config.TextLength];
        SecondTokens = new int[views.SecondCaption ? Tokens.Length : 0];
        Located = new int[views.Located * size * LocatedTexts.Parts(views)];
        Samples = new int[size];
    }

    /// <summary>Images B.</summary>
    public int Size { get; }

    /// <summary>Global views (G, B, h, w, 3).</summary>
    public float[] Global { get; }

    /// <summary>Local views (L, B, h', w', 3).</summary>
    public float[] Local { get; }

    /// <summary>
    /// The global views as Gram anchoring's anchor sees them, (G, B, s·h, s·w, 3), s = <see cref="ViewConfig.AnchorScale"/>; empty for 0.
    /// </summary>
    public float[] Anchor { get; }

    /// <summary>Whole images (B, h, w, 3) for the image-text loss; empty unless <see cref="ViewConfig.Plain"/>.</summary>
    public float[] Plain { get; }

    /// <summary>Images at their own aspect ratio; null unless <see cref="ViewConfig.Naflex"/>.</summary>
    internal PackedImages? Packed { get; }

    /// <summary>Token ids (B, T).</summary>
    public int[] Tokens { get; }

    /// <summary>Token ids of second captions (B, T); empty unless <see cref="ViewConfig.SecondCaption"/>.</summary>
    public int[] SecondTokens { get; }

    /// <summary>
    /// Token ids of located captions (P, B, <see cref="ViewConfig.Located"/>), parts as <see cref="LocatedTexts"/> says; a row that begins with
    /// <see cref="LocatedTexts.None"/> has no text.
    /// </summary>
    internal int[] Located { get; }

    /// <summary>Index of each sample in its source (B), for reports.</summary>
    public int[] Samples { get; }
}
