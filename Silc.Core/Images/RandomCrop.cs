namespace Silc;

/// <summary>torchvision's RandomResizedCrop: where to crop, not the resize.</summary>
static class RandomCrop
{
    /// <summary>
    /// A box of whole pixels whose area is uniform in [<paramref name="scaleMin"/>, <paramref name="scaleMax"/>] of the image
    /// and whose aspect is log-uniform in [<paramref name="aspectMin"/>, <paramref name="aspectMax"/>]. After ten that do not
    /// fit: the largest central box of permitted aspect.
    /// </summary>
    public static CropBox Draw(
        Philox random, int width, int height, double scaleMin, double scaleMax,
        double aspectMin = 3 / 4.0, double aspectMax = 4 / 3.0)
    {
        for (int attempt = 0; attempt < 10; attempt++)
        {
            var area = (double)width * height * random.Uniform(scaleMin, scaleMax);
            var aspect = Math.Exp(random.Uniform(Math.Log(aspectMin), Math.Log(aspectMax)));
            int w = (int)Math.Round(Math.Sqrt(area * aspect)), h = (int)Math.Round(Math.Sqrt(area / aspect));
            if (w <= 0 || w > width || h <= 0 || h > height) continue;
            int top = random.NextInt(height - h + 1), left = random.NextInt(width - w + 1);
            return new(left, top, w, h);
        }
        return Central(width, height, aspectMin, aspectMax);
    }

    // An image of one pixel's width still gives a box: at least one pixel each way.
    static CropBox Central(int width, int height, double aspectMin, double aspectMax)
    {
        var aspect = (double)width / height;
        int w = aspect > aspectMax ? Math.Max(1, (int)Math.Round(height * aspectMax)) : width;
        int h = aspect < aspectMin ? Math.Max(1, (int)Math.Round(width / aspectMin)) : height;
        return new((width - w) / 2, (height - h) / 2, w, h);
    }
}
