namespace Silc;

/// <summary>
/// Makes the multi-crop views of an image (Caron et al. 2020, arXiv:2006.09882): random resized crops, then DINO's colour
/// changes in DINO's order and a random convolution, each by its own probability in <see cref="ViewConfig"/>. Every view has a random
/// stream of its own, keyed by seed, epoch, sample and view. Threads: any number may use it at once.
/// </summary>
/// <param name="config">Sizes and probabilities.</param>
/// <param name="seed">Seed of the run.</param>
sealed class ViewSampler(SilcConfig config, int seed)
{
    // Backgrounds in training, by channel; evaluation's mid-grey must lie well inside. Trained from 0.6 up, a model of emoji named
    // a third as many held-out ones right on mid-grey as on 0.775 (2.0 % against 6.2 % of 1,644 concepts).
    const float Darkest = 0.3f, Lightest = 0.95f;

    readonly ViewConfig views = config.Views;
    readonly Chances first = new(config.Views, p => p.FirstGlobal), others = new(config.Views, p => p.OtherGlobals),
        locals = new(config.Views, p => p.Locals);

    /// <summary>Fills the slot of one image in every view of a batch; several threads may fill different slots.</summary>
    /// <param name="image">Source of the views.</param>
    /// <param name="epoch">Passes over the data before this one.</param>
    /// <param name="sample">Index of the image in its source.</param>
    /// <param name="batch">Receives the pixels.</param>
    /// <param name="slot">Row of the batch, from 0 to B - 1.</param>
    /// <param name="seen">Receives the geometry of the captioned views, unless it is empty.</param>
    public void Fill(RgbImage image, long epoch, int sample, Batch batch, int slot, Span<ViewGeometry> seen = default)
    {
        for (int view = 0; view < views.Global; view++)
        {
            var random = DataStreams.View(seed, epoch, sample, view);
            var pixels = Slot(batch.Global, config.ImageSize, view * batch.Size + slot);
            var chances = view == 0 ? first : others;
            var crop = View(image, random, pixels, config.ImageSize, views.GlobalScaleMin, views.GlobalScaleMax, chances);
            if (!views.Plain && view < seen.Length) seen[view] = new(crop.Box, crop.Flip, config.ImageSize);
            if (views.AnchorScale == 0) continue;
            int side = views.AnchorScale * config.ImageSize;
            var anchor = Slot(batch.Anchor, side, view * batch.Size + slot);
            Crop(image, crop, anchor, side);
            Finish(anchor);
        }
        for (int view = 0; view < views.Local; view++)
        {
            var random = DataStreams.View(seed, epoch, sample, views.Global + view);
            var pixels = Slot(batch.Local, views.LocalSize, view * batch.Size + slot);
            View(image, random, pixels, views.LocalSize, views.LocalScaleMin, views.LocalScaleMax, locals);
        }
        if (views.Plain)
        {
            var pixels = Slot(batch.Plain, config.ImageSize, slot);
            var ground = Ground(DataStreams.View(seed, epoch, sample, views.Global + views.Local));
            Crop(image, new(CropBox.Of(image), ground, Flip: false), pixels, config.ImageSize);
            if (seen.Length > 0) seen[0] = new(CropBox.Of(image), Flip: false, config.ImageSize);
            Finish(pixels);
        }
    }

    /// <summary>Fills the slot of one image at its own aspect ratio, for models that are trained so.</summary>
    /// <param name="image">Whole, without changes of colour.</param>
    /// <param name="epoch">Passes over the data before this one.</param>
    /// <param name="sample">Index of the image in its source.</param>
    /// <param name="batch">Receives the patches.</param>
    /// <param name="slot">Row of the batch.</param>
    /// <param name="length">Most patches of the step's images.</param>
    public void FillPacked(RgbImage image, long epoch, int sample, Batch batch, int slot, int length)
    {
        var ground = Ground(DataStreams.View(seed, epoch, sample, views.Global + views.Local));
        batch.Packed!.Fill(slot, image, length, (from, width, height, to) =>
        {
            if (views.Filter == ResampleFilter.Tf) EvalImage.Whole(from, width, height, ImageRule.BigVision, to);
            else Resample.Crop(from, CropBox.Of(from), to, width, height, views.Filter, ground);
            if (views.EightBit) EightBitPixels.Round(to);
        });
    }

    /// <summary>Most patches of the images of a step, one of <see cref="ViewConfig.NaflexLengths"/>.</summary>
    public static int Length(ViewConfig views, int seed, long step) =>
        views.NaflexLengths[DataStreams.Naflex(seed, step).NextInt(views.NaflexLengths.Count)];

    /// <summary>The image as models are evaluated on it: a square, values in [-1, 1].</summary>
    /// <param name="image">Of any shape.</param>
    /// <param name="size">Pixels along a side.</param>
    /// <param name="crop">How it becomes a square.</param>
    /// <param name="rule">
    /// How it is resized and what shows through it: the model's <see cref="SilcConfig.Images"/>; null is <see cref="ImageRule.Own"/>.
    /// </param>
    public static float[] EvalPixels(RgbImage image, int size, EvalCrop crop = EvalCrop.Squash, ImageRule? rule = null)
    {
        var pixels = new float[size * size * 3];
        EvalPixels(image, size, pixels, crop, rule);
        return pixels;
    }

    /// <summary>As <see cref="EvalPixels(RgbImage, int, EvalCrop, ImageRule?)"/>, into 3 · size · size values of a larger batch.</summary>
    public static void EvalPixels(RgbImage image, int size, Span<float> pixels, EvalCrop crop = EvalCrop.Squash, ImageRule? rule = null)
    {
        EvalImage.Square(image, size, crop, rule ?? ImageRule.Own, pixels);
        Photometric.ToSigned(pixels[..(size * size * 3)]);
    }

    DrawnCrop View(RgbImage image, Philox random, Span<float> pixels, int size, double scaleMin, double scaleMax, Chances chances)
    {
        var box = RandomCrop.Draw(random, image.Width, image.Height, scaleMin, scaleMax, views.AspectMin, views.AspectMax);
        var flip = random.NextDouble() < chances.Flip;
        var crop = new DrawnCrop(box, Ground(random), flip);
        Crop(image, crop, pixels, size);
        if (random.NextDouble() < chances.Jitter) Jitter(random, pixels);
        if (random.NextDouble() < chances.Grey) Photometric.Grey(pixels);
        if (random.NextDouble() < chances.Blur)
            GaussianBlur.Apply(pixels, size, size, random.Uniform(views.BlurMin, views.BlurMax));
        if (random.NextDouble() < chances.Solarize) Photometric.Solarize(pixels);
        if (random.NextDouble() < chances.RandConv) RandomConvolution.Apply(pixels, size, size, random);
        Finish(pixels);
        return crop;
    }

    void Finish(Span<float> pixels)
    {
        if (views.EightBit) EightBitPixels.Round(pixels);
        Photometric.ToSigned(pixels);
    }

    void Crop(RgbImage image, DrawnCrop crop, Span<float> pixels, int size)
    {
        var (box, ground, flip) = crop;
        if (views.Filter == ResampleFilter.Tf) EvalImage.TfCrop(image, box, size, ground, flip, pixels);
        else Resample.Crop(image, box, pixels, size, size, views.Filter, ground, flip);
    }

    // The four changes in random order: they do not commute.
    void Jitter(Philox random, Span<float> pixels)
    {
        Span<int> order = [0, 1, 2, 3];
        for (int left = order.Length; left > 1; left--)
        {
            int pick = random.NextInt(left);
            (order[left - 1], order[pick]) = (order[pick], order[left - 1]);
        }
        foreach (var change in order)
            switch (change)
            {
                case 0: Photometric.Brightness(pixels, Factor(random, views.Brightness)); break;
                case 1: Photometric.Contrast(pixels, Factor(random, views.Contrast)); break;
                case 2: Photometric.Saturation(pixels, Factor(random, views.Saturation)); break;
                default: Photometric.Hue(pixels, (float)random.Uniform(-views.Hue, views.Hue)); break;
            }
    }

    static float Factor(Philox random, double strength) => (float)random.Uniform(Math.Max(0, 1 - strength), 1 + strength);

    // The background of transparent images is drawn for each view: white art would vanish on
    // white, and with a fixed colour views of one image could be matched by their background.
    static Colour Ground(Philox random) => new(Channel(random), Channel(random), Channel(random));

    static float Channel(Philox random) => (float)random.Uniform(Darkest, Lightest);

    static Span<float> Slot(float[] values, int size, int index) => values.AsSpan(index * size * size * 3, size * size * 3);

    /// <summary>What was drawn for a view before its colours.</summary>
    readonly record struct DrawnCrop(CropBox Box, Colour Ground, bool Flip);

    /// <summary>The probabilities of one kind of view.</summary>
    sealed class Chances(ViewConfig views, Func<ViewProbability, double> of)
    {
        public readonly double Flip = of(views.Flip), Jitter = of(views.Jitter), Grey = of(views.Grey),
            Blur = of(views.Blur), Solarize = of(views.Solarize), RandConv = of(views.RandConv);
    }
}
