namespace Silc;

/// <summary>Kernel of a resize; both widen when they shrink an image, so that no pixel is skipped.</summary>
public enum ResampleFilter
{
    /// <summary>Triangle of radius 1.</summary>
    Bilinear,

    /// <summary>Cubic convolution of radius 2, a = -0.5 (Keys 1981; PIL's and torchvision's antialiased bicubic).</summary>
    Bicubic,
}
