using SkiaSharp;

namespace Silc;

/// <summary>
/// Images of more pixels than are kept, as phones with 108 and 200 megapixels take them: JPEG and WebP are
/// decoded at a half, a quarter or an eighth; others whole, then averaged, one at a time, since each needs up
/// to 1 GB for a moment. Models see at most some hundreds of pixels a side, so nothing that they see is lost.
/// </summary>
static class LargeImage
{
    static readonly Lock oneAtATime = new();

    /// <summary>The image in at most <paramref name="most"/> pixels, not yet upright.</summary>
    public static SKCodecResult Decode(SKCodec codec, long most, out RgbImage image)
    {
        foreach (var scale in (float[])[1 / 2f, 1 / 4f, 1 / 8f])
        {
            var size = codec.GetScaledDimensions(scale);
            if ((long)size.Width * size.Height <= most) return At(codec, size.Width, size.Height, out image);
        }
        lock (oneAtATime)
        {
            var result = At(codec, codec.Info.Width, codec.Info.Height, out image);
            while ((long)image.Width * image.Height > most) image = Halved(image);
            return result;
        }
    }

    /// <summary>The image in the size given, which is the codec's own or one that it scales to.</summary>
    public static unsafe SKCodecResult At(SKCodec codec, int width, int height, out RgbImage image)
    {
        image = new(width, height, new byte[4 * width * height]);
        fixed (byte* pixels = image.Rgba) return codec.GetPixels(new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), (nint)pixels);
    }

    // Means of 2 x 2 pixels, colours weighted by how opaque they are; an odd last row or column is left out.
    internal static RgbImage Halved(RgbImage from)
    {
        var to = new RgbImage(from.Width / 2, from.Height / 2, new byte[4 * (from.Width / 2) * (from.Height / 2)]);
        Parallel.For(0, to.Height, y =>
        {
            for (int x = 0; x < to.Width; x++)
            {
                int first = 4 * (2 * y * from.Width + 2 * x), below = first + 4 * from.Width;
                ReadOnlySpan<int> places = [first, first + 4, below, below + 4];
                int opaque = 0;
                foreach (var place in places) opaque += from.Rgba[place + 3];
                var pixel = to.Rgba.AsSpan(4 * (y * to.Width + x), 4);
                pixel[3] = (byte)((opaque + 2) / 4);
                for (int c = 0; c < 3 && opaque > 0; c++)
                {
                    int sum = 0;
                    foreach (var place in places) sum += from.Rgba[place + c] * from.Rgba[place + 3];
                    pixel[c] = (byte)((sum + opaque / 2) / opaque);
                }
            }
        });
        return to;
    }
}
