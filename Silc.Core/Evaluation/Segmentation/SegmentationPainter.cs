namespace Silc;

/// <summary>Label maps as colours over their pictures.</summary>
public static class SegmentationPainter
{
    /// <summary>Share of the colour in an overlay; the rest is the picture.</summary>
    const float Strength = 0.6f;

    /// <summary>
    /// The colour of a class: hues a golden angle apart, so that neighbouring classes differ, in three tones. Class 0 is grey where it is the
    /// background.
    /// </summary>
    public static Colour ColourOf(int label, bool background = false)
    {
        if (background && label == 0) return new(0.55f, 0.55f, 0.55f);
        double hue = label * 0.61803398875 % 1 * 6;
        float tone = (label / 6 % 3) switch { 0 => 0.95f, 1 => 0.7f, _ => 0.5f };
        float Channel(double shift) => tone * (float)Math.Clamp(Math.Abs((hue + shift) % 6 - 3) - 1, 0.08, 1);
        return new(Channel(0), Channel(4), Channel(2));
    }

    /// <summary>The picture with the labels' colours over it; ignored pixels are hatched in black.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static Picture Overlay(Picture picture, LabelMap labels, bool background = false)
    {
        Require.That(picture.Width == labels.Width && picture.Height == labels.Height,
            $"labels of {labels.Width} x {labels.Height} for a picture of {picture.Width} x {picture.Height}");
        var rgba = (byte[])picture.Rgba.Clone();
        for (int i = 0; i < labels.Labels.Length; i++)
        {
            var colour = labels.Labels[i] >= 0 ? ColourOf(labels.Labels[i], background) : new Colour(0, 0, 0);
            if (labels.Labels[i] < 0 && (i % labels.Width + i / labels.Width) % 6 > 2) continue;
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) =
                (Mix(rgba[4 * i], colour.R), Mix(rgba[4 * i + 1], colour.G), Mix(rgba[4 * i + 2], colour.B), 255);
        }
        return new(picture.Width, picture.Height, rgba);
    }

    /// <summary>A square in the colour of a class, for a legend.</summary>
    public static Picture Swatch(int label, bool background = false, int side = 32)
    {
        var (colour, rgba) = (ColourOf(label, background), new byte[4 * side * side]);
        for (int i = 0; i < rgba.Length; i += 4)
            (rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]) = ((byte)(255 * colour.R), (byte)(255 * colour.G), (byte)(255 * colour.B), 255);
        return new(side, side, rgba);
    }

    static byte Mix(byte under, float over) => (byte)MathF.Round((1 - Strength) * under + Strength * 255 * over);
}
