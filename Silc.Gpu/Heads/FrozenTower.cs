namespace Silc;

/// <summary>
/// An image tower in inference, for heads: one forward pass gives all features that a head reads, and what the head makes of them. Buffers are
/// those of one side of images. Threads: any number may call <see cref="Run"/>; it holds the device's lock.
/// </summary>
sealed class FrozenTower : IDisposable
{
    readonly SilcModel model;
    readonly VisionTransformer image;
    readonly int side, atOnce;
    readonly IReadOnlyList<TowerFeature> wanted;
    readonly Func<Pass, Tensor[], int, Tensor[]>? then;
    readonly Arena arena;
    readonly Pass pass;
    readonly PinnedUpload pixels;

    /// <summary>Measures and allocates the memory of a pass.</summary>
    /// <param name="model">Whose tower.</param>
    /// <param name="side">Of images in pixels, a multiple of the patch; positions are resized where it is not the model's own.</param>
    /// <param name="wanted">Features, in the order in which they come.</param>
    /// <param name="then">What is made of them, given the number of images; null takes them as they are.</param>
    /// <param name="most">Images at once; null takes the model's batch size, or less of larger images.</param>
    /// <param name="image">Another tower of the same sizes; null takes the model's own.</param>
    /// <exception cref="ArgumentException">The side is no multiple of the patch, or the tower has no such block.</exception>
    public FrozenTower(SilcModel model, int side, IReadOnlyList<TowerFeature> wanted, Func<Pass, Tensor[], int, Tensor[]>? then = null,
        int? most = null, VisionTransformer? image = null)
    {
        var config = model.Config;
        Require.That(side > 0 && side % config.PatchSize == 0,
            $"images of side {side} are no whole number of patches of {config.PatchSize}: resize them to {Nearest(side, config.PatchSize)}");
        foreach (var feature in wanted) feature.Check(config);
        (this.model, this.image, this.side, this.wanted, this.then) = (model, image ?? model.Image, side, wanted, then);
        int tokens = side / config.PatchSize * (side / config.PatchSize), usual = config.Grid * config.Grid;
        atOnce = most ?? Math.Clamp((int)((long)model.BatchSize * usual / tokens), 1, model.BatchSize);
        using var exclusive = model.Exclusive();
        var device = model.Device;
        arena = Arena.Allocate(device, Arena.Measure(device, arena =>
            Features(new(device.Ops, arena, Training: false), new(default, atOnce, side * side * 3))));
        pass = new(device.Ops, arena, Training: false);
        try
        {
            pixels = new(device, (long)atOnce * side * side * 3, "images for a head");
        }
        catch
        {
            arena.Dispose();
            throw;
        }
    }

    /// <summary>Features of images (N, side, side, 3) in [-1, 1], those of an image one after another.</summary>
    /// <exception cref="ArgumentException">The values are no whole number of images.</exception>
    public Vectors[] Run(float[] images)
    {
        int each = side * side * 3;
        Require.That(images.Length % each == 0, $"{images.Length} pixel values are no whole number of {side} x {side} x 3 images");
        int count = images.Length / each;
        using var exclusive = model.Exclusive();
        Vectors[] all = [];
        for (int first = 0; first < count; first += atOnce)
        {
            int n = Math.Min(atOnce, count - first);
            pixels.Put(images.AsSpan(first * each, n * each), 0);     // the buffer is free: the results of its last batch have come back
            pixels.Ready();
            arena.Reset();
            var found = Features(pass, new(pixels.View, n, each));
            if (first == 0) all = [.. found.Select(x => new Vectors(x.Rows / n * count, x.Cols))];
            foreach (var (x, to) in found.Zip(all))
                model.Device.Download(x.View.SubView(0, x.Count)).CopyTo(to.Span(x.Rows / n * first, x.Rows));
        }
        return all;
    }

    Tensor[] Features(Pass pass, Tensor images)
    {
        var features = image.Frozen(pass, images, side, wanted);
        return then is null ? features : then(pass, features, images.Rows);
    }

    static int Nearest(int side, int patch) => Math.Max(1, (int)Math.Round(side / (double)patch)) * patch;

    public void Dispose()
    {
        arena.Dispose();
        pixels.Dispose();
    }
}
