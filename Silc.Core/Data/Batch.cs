namespace Silc;

/// <summary>
/// One training batch on the host. Pixels are float32 in [-1, 1], view-major: <see cref="Global"/> is (G, B, h, w, 3),
/// <see cref="Local"/> (L, B, h', w', 3), <see cref="Anchor"/> (G, B, s·h, s·w, 3); <see cref="Plain"/> is (B, h, w, 3),
/// <see cref="Tokens"/> (B, T). Threads: one at a time.
/// </summary>
public sealed class Batch
{
    /// <summary>A batch of <paramref name="size"/> images for <paramref name="config"/>, all zero.</summary>
    /// <exception cref="ArgumentException">Views or captions are more values than an array holds; the message has the sizes.</exception>
    public Batch(SilcConfig config, int size)
    {
        RequireRoom(config, size);
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

    /// <summary>Throws unless each kind of view, and the captions, of so many images fit into an array, whose places are 32 bits.</summary>
    /// <exception cref="ArgumentException">The message has the sizes.</exception>
    internal static void RequireRoom(SilcConfig config, int size)
    {
        var (views, side) = (config.Views, config.ImageSize);
        if (views.Naflex > 0) Fit(1, views.Naflex, config.PatchSize, "patches");
        else Fit(views.Global, 1, side, "global views");
        if (views.Naflex == 0) Fit(views.Global, 1, views.AnchorScale * side, "anchor's views");
        Fit(views.Plain ? 1 : 0, 1, side, "plain views");
        Fit(views.Local, 1, views.LocalSize, "local views");
        RequireTokens(config.TextLength, "captions");
        RequireTokens((long)views.Located * LocatedTexts.Parts(views), "sets of located captions");

        void RequireTokens(long tokens, string what) => Require.That(size * tokens <= Array.MaxLength, $"{size:N0} {what} of {tokens:N0} tokens are "
            + $"more than the {Array.MaxLength:N0} numbers that one array can have: take a smaller batch, or more ranks");

        void Fit(int views, int each, int side, string what)
        {
            var pixels = 3L * side * side;
            // In two steps, each of which fits into 64 bits.
            if (pixels == 0 || (long)views * each * size <= Array.MaxLength / pixels) return;
            throw new ArgumentException($"a batch of {size:N0} images has {(long)views * each * size:N0} {what} of {side} x {side} pixels, more than "
                + $"the {Array.MaxLength:N0} numbers that one array can have: take a smaller batch, smaller images (--image-size), or more ranks");
        }
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
