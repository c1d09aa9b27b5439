namespace Silc;

/// <summary>torchvision's RandomResizedCrop: where to crop, not the resize.</summary>
static class RandomCrop
{
    const double MinAspect = 3 / 4.0, MaxAspect = 4 / 3.0;

    /// <summary>
    /// A box of whole pixels whose area is uniform in [<paramref name="scaleMin"/>, <paramref name="scaleMax"/>] of the picture
    /// and whose aspect is log-uniform in [3/4, 4/3]. After ten that do not fit: the largest central box of permitted aspect.
    /// </summary>
    public static CropBox Draw(Philox random, int width, int height, double scaleMin, double scaleMax)
    {
        for (int attempt = 0; attempt < 10; attempt++)
        {
            var area = (double)width * height * random.Uniform(scaleMin, scaleMax);
            var aspect = Math.Exp(random.Uniform(Math.Log(MinAspect), Math.Log(MaxAspect)));
            int w = (int)Math.Round(Math.Sqrt(area * aspect)), h = (int)Math.Round(Math.Sqrt(area / aspect));
            if (w <= 0 || w > width || h <= 0 || h > height) continue;
            int top = random.NextInt(height - h + 1), left = random.NextInt(width - w + 1);
            return new(left, top, w, h);
        }
        return Central(width, height);
    }

    // A picture of one pixel's width still gives a box: at least one pixel each way.
    static CropBox Central(int width, int height)
    {
        var aspect = (double)width / height;
        int w = aspect > MaxAspect ? Math.Max(1, (int)Math.Round(height * MaxAspect)) : width;
        int h = aspect < MinAspect ? Math.Max(1, (int)Math.Round(width / MinAspect)) : height;
        return new((width - w) / 2, (height - h) / 2, w, h);
    }
}
