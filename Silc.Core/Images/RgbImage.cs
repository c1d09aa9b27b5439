namespace Silc;

/// <summary>
/// A decoded image: 8-bit RGBA, row-major, not premultiplied. <paramref name="Rgba"/> holds 4 · Width · Height bytes.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Rgba">Red, green, blue, alpha of each pixel.</param>
public sealed record RgbImage(int Width, int Height, byte[] Rgba);
