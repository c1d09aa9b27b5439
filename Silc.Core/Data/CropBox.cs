namespace Silc;

/// <summary>Part of a picture in pixels, corners may be fractional: x from <paramref name="Left"/> to Left + Width.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
public readonly record struct CropBox(double Left, double Top, double Width, double Height)
{
    /// <summary>The whole picture.</summary>
    public static CropBox Of(Picture picture) => new(0, 0, picture.Width, picture.Height);
}
