namespace Silc;

/// <summary>Kernel of a resize. The first two widen when they shrink an image, so that no pixel is skipped.</summary>
public enum ResampleFilter
{
    /// <summary>Triangle of radius 1.</summary>
    Bilinear,

    /// <summary>Cubic convolution of radius 2, a = -0.5 (Keys 1981; PIL's and torchvision's antialiased bicubic).</summary>
    Bicubic,

    /// <summary>
    /// TensorFlow's <c>resize</c> as big_vision calls it: linear between the two nearest pixels,
    /// half-pixel centres, no antialias, cut to whole numbers; see <see cref="EvalFilter.Tf"/>.
    /// </summary>
    Tf,
}
