namespace Silc;

/// <summary>
/// How an image is resized to what a model is evaluated on. The first two compute in float32, the others in bytes as their library does.
/// </summary>
public enum EvalFilter
{
    /// <summary>Antialiased cubic convolution, a = -0.5, not rounded between the passes: Silc's own.</summary>
    Bicubic,

    /// <summary>Antialiased triangle, not rounded between the passes.</summary>
    Bilinear,

    /// <summary>
    /// TensorFlow's <c>resize</c> as big_vision calls it: bilinear between the two nearest pixels, half-pixel centres, no antialias, then cut to
    /// whole numbers. SigLIP and SILC were trained and scored on it.
    /// </summary>
    Tf,

    /// <summary>
    /// PIL's <c>resize(BICUBIC)</c>, to the bit: across first, then down, each pass rounded and clipped to bytes. transformers and open_clip.
    /// </summary>
    Pil,

    /// <summary>PIL's <c>resize(BILINEAR)</c>, to the bit.</summary>
    PilBilinear,
}
