using System.Globalization;

namespace Silc;

/// <summary>Images as a model is evaluated on them, by its <see cref="ImageRule"/>: (height, width, 3) floats in [0, 1].</summary>
static class EvalImage
{
    static readonly Colour grey = new(0.5f, 0.5f, 0.5f);

    /// <summary>The square of an image.</summary>
    /// <exception cref="ArgumentException">The rule cuts a square out of a squashed image, and <paramref name="crop"/> another.</exception>
    public static void Square(RgbImage image, int size, EvalCrop crop, ImageRule rule, Span<float> target)
    {
        Require.That(crop != EvalCrop.Naflex, "naflex keeps the aspect of images, and squares are wanted here: squash or center makes them");
        Require.That(crop == EvalCrop.Squash || rule.Square == ImageRule.Whole,
            $"the resize {rule.Resize} cuts its own square: it goes with the crop squash, not {crop.ToString().ToLowerInvariant()}");
        Fill(image, Frame.Of(image, size, crop, rule), rule, target[..(size * size * 3)]);
    }

    /// <summary>The whole image, resized to a width and a height.</summary>
    public static void Whole(RgbImage image, int width, int height, ImageRule rule, Span<float> target) =>
        Fill(image, new(width, height, 0, 0, width, height), rule, target[..(width * height * 3)]);

    static void Fill(RgbImage image, Frame frame, ImageRule rule, Span<float> target)
    {
        var filter = rule.Filter;
        if (filter is EvalFilter.Bicubic or EvalFilter.Bilinear)
        {
            Resample.Crop(rule.Background == ImageRule.Drop ? Opaque(image, null) : image, frame.Box(image), target, frame.Width, frame.Height,
                filter == EvalFilter.Bicubic ? ResampleFilter.Bicubic : ResampleFilter.Bilinear, ColourOf(rule.Background));
            return;
        }
        var opaque = Opaque(image, rule.Background == ImageRule.Drop ? null : ColourOf(rule.Background));
        if (filter == EvalFilter.Tf) TfResize.Fill(opaque, frame, target);
        else PilResize.Fill(opaque, frame, filter == EvalFilter.Pil ? ResampleFilter.Bicubic : ResampleFilter.Bilinear, target);
    }

    /// <summary>A box of whole pixels, resized as TensorFlow does, over a background; mirrored after that.</summary>
    public static void TfCrop(RgbImage image, CropBox box, int size, Colour ground, bool flip, Span<float> target)
    {
        int left = (int)box.Left, top = (int)box.Top, width = (int)box.Width, height = (int)box.Height;
        var part = image;
        if ((width, height) != (image.Width, image.Height))
        {
            part = new(width, height, new byte[4 * width * height]);
            for (int y = 0; y < height; y++)
                image.Rgba.AsSpan(4 * ((top + y) * image.Width + left), 4 * width).CopyTo(part.Rgba.AsSpan(4 * y * width));
        }
        TfResize.Fill(Opaque(part, ground), new(size, size, 0, 0, size, size), target[..(size * size * 3)]);
        if (!flip) return;
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size / 2; x++)
                for (int channel = 0; channel < 3; channel++)
                {
                    int one = (y * size + x) * 3 + channel, other = (y * size + size - 1 - x) * 3 + channel;
                    (target[one], target[other]) = (target[other], target[one]);
                }
    }

    // Alpha left out, or mixed with a colour and rounded as bytes are.
    static RgbImage Opaque(RgbImage image, Colour? behind)
    {
        var from = image.Rgba;
        if (Resample.IsOpaque(from)) return image;
        var to = new byte[from.Length];
        Span<float> colour = behind is { } c ? [c.R * 255, c.G * 255, c.B * 255] : [];
        for (int i = 0; i < from.Length; i += 4)
        {
            float alpha = from[i + 3] / 255f;
            for (int channel = 0; channel < 3; channel++)
                to[i + channel] = colour.IsEmpty ? from[i + channel] : (byte)(alpha * from[i + channel] + (1 - alpha) * colour[channel] + 0.5f);
            to[i + 3] = 255;
        }
        return image with { Rgba = to };
    }

    static Colour ColourOf(string background) => background switch
    {
        ImageRule.Grey or ImageRule.Drop => grey,
        ImageRule.White => new(1, 1, 1),
        "black" => default,
        _ => new(Hex(background, 1), Hex(background, 3), Hex(background, 5)),
    };

    static float Hex(string text, int at) => byte.Parse(text.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255f;
}

/// <summary>A part of a resized image: its whole size, and where the part lies in it.</summary>
readonly record struct Frame(int Across, int Down, int Left, int Top, int Width, int Height)
{
    /// <summary>The square of <paramref name="size"/> pixels that the model sees.</summary>
    public static Frame Of(RgbImage image, int size, EvalCrop crop, ImageRule rule)
    {
        if (crop == EvalCrop.Squash)
        {
            int side = (int)(size / (rule.Square / 1000.0)), before = (side - size) / 2;
            return new(side, side, before, before, size, size);
        }
        var (across, left) = Middle(image.Width, image.Height, size, rule.CenterDown);
        var (down, top) = Middle(image.Height, image.Width, size, rule.CenterDown);
        return new(across, down, left, top, size, size);
    }

    /// <summary>The same part in pixels of the image.</summary>
    public CropBox Box(RgbImage image)
    {
        var (left, width) = Part(image.Width, Across, Left, Width);
        var (top, height) = Part(image.Height, Down, Top, Height);
        return new(left, top, width, height);
    }

    static (double From, double Length) Part(int side, int resized, int from, int length)
    {
        if (length == resized) return (0, side);
        var scale = side / (double)resized;
        return (from * scale, Math.Min(length * scale, side - from * scale));
    }

    // As torchvision's Resize(size) and CenterCrop(size): resized sides are whole, the rest is halved and rounded; transformers rounds down.
    static (int Resized, int From) Middle(int side, int other, int size, bool down)
    {
        if (side <= other) return (size, 0);
        int resized = (int)((long)size * side / other);
        return (resized, down ? (resized - size) / 2 : (int)Math.Round((resized - size) / 2.0));
    }
}
