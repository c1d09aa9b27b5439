namespace Silc;

/// <summary>An opaque colour, channels in [0, 1]. Threads: immutable; any number may share it.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
public readonly record struct Colour(float R, float G, float B)
{
    /// <summary>128 of 255: light and dark drawings both stand out from it.</summary>
    public static Colour MidGrey { get; } = new(128 / 255f, 128 / 255f, 128 / 255f);
}
