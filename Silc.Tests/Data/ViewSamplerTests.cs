namespace Silc.Tests;

[TestClass]
public sealed class ViewSamplerTests
{
    static readonly SilcConfig Small = new(
        ImageSize: 16, PatchSize: 8,
        Views: new(2, 3, 8, Flip: 0.5, Jitter: 0.8, Grey: 0.2, Blur: 0.5, Solarize: 0.2));

    [TestMethod]
    public void CropsFollowScaleAndAspect()
    {
        var random = new Philox(1);
        double sum = 0, logs = 0, lefts = 0;
        const int draws = 4000;
        for (int i = 0; i < draws; i++)
        {
            var box = RandomCrop.Draw(random, 400, 400, 0.05, 0.4);
            var (share, aspect) = (box.Width * box.Height / 160_000, box.Width / box.Height);
            Assert.IsTrue(share is > 0.045 and < 0.41, $"area {share}");
            Assert.IsTrue(aspect is > 0.73 and < 1.37, $"aspect {aspect}");
            Assert.IsTrue(box.Left >= 0 && box.Top >= 0 && box.Left + box.Width <= 400 && box.Top + box.Height <= 400, $"{box}");
            (sum, logs, lefts) = (sum + share, logs + Math.Log(aspect), lefts + box.Left / Math.Max(1, 400 - box.Width));
        }
        // Means of the uniform laws; four standard errors.
        Assert.AreEqual(0.225, sum / draws, 4 * 0.101 / Math.Sqrt(draws));
        Assert.AreEqual(0, logs / draws, 4 * 0.166 / Math.Sqrt(draws));
        Assert.AreEqual(0.5, lefts / draws, 4 * 0.289 / Math.Sqrt(draws));
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(1000, 10)]
    [DataRow(3, 900)]
    public void OddImagesFallBackToTheCentre(int width, int height)
    {
        var box = RandomCrop.Draw(new(1), width, height, 0.9, 1);
        Assert.IsTrue(box.Width >= 1 && box.Left + box.Width <= width, $"{box}");
        Assert.IsTrue(box.Height >= 1 && box.Top + box.Height <= height, $"{box}");
        if (width == 1000) Assert.AreEqual(new(493, 0, 13, 10), box);
    }

    [TestMethod]
    public void ViewsDependOnSeedEpochSampleAndView()
    {
        var image = Images.Noise(50, 40, 1);
        var first = Fill(image, seed: 1, epoch: 0, sample: 0);
        CollectionAssert.AreEqual(first.Global, Fill(image, 1, 0, 0).Global);
        CollectionAssert.AreEqual(first.Local, Fill(image, 1, 0, 0).Local);
        CollectionAssert.AreNotEqual(first.Global, Fill(image, 2, 0, 0).Global);
        CollectionAssert.AreNotEqual(first.Global, Fill(image, 1, 1, 0).Global);
        CollectionAssert.AreNotEqual(first.Global, Fill(image, 1, 0, 1).Global);
        CollectionAssert.AreNotEqual(first.Global[..768], first.Global[768..]);
        Assert.IsTrue(first.Global.Concat(first.Local).All(value => value is >= -1 and <= 1));
    }

    /// <summary>Views of 8 bits are the same views, rounded.</summary>
    [TestMethod]
    public void Views_of_8_bits_are_the_nearest_bytes()
    {
        var image = Images.Noise(50, 40, 1);
        var config = Small with { Views = Small.Views with { Plain = true, AnchorScale = 2 } };
        Batch Made(bool eightBit)
        {
            var made = config with { Views = config.Views with { EightBit = eightBit } };
            var batch = new Batch(made, 1);
            new ViewSampler(made, 3).Fill(image, 0, 0, batch, 0);
            return batch;
        }
        Batch floats = Made(false), bytes = Made(true);
        foreach (var (plain, rounded) in new[] { (floats.Global, bytes.Global), (floats.Anchor, bytes.Anchor), (floats.Plain, bytes.Plain),
            (floats.Local, bytes.Local) })
        {
            Assert.IsTrue(EightBitPixels.TryPack(rounded, new byte[rounded.Length]));
            Assert.IsFalse(EightBitPixels.TryPack(plain, new byte[plain.Length]));
            for (int i = 0; i < plain.Length; i++) Assert.AreEqual(plain[i], rounded[i], 1 / 255.0 + 1e-6);
        }
    }

    [TestMethod]
    public void AspectFollowsItsRange()
    {
        var random = new Philox(1);
        for (int i = 0; i < 100; i++)
        {
            var box = RandomCrop.Draw(random, 4000, 4000, 0.1, 0.2, 0.5, 0.6);
            Assert.IsTrue(box.Width / box.Height is > 0.495 and < 0.605, $"{box}");
        }
        Assert.AreEqual(new(0, 25, 100, 50), RandomCrop.Draw(random, 100, 100, 1, 1, 2, 2));
    }

    // Runs that were begun with an earlier version go on with the views that they would have had.
    [TestMethod]
    public void ViewsStayAsTheyAre()
    {
        var batch = Fill(Images.Noise(50, 40, 1), seed: 1, epoch: 2, sample: 3);
        float[] globals = [0.09006655f, 0.16192174f, -0.10358924f, -0.1988622f];
        float[] locals = [0.6080277f, -0.19716066f, -0.060286164f, -0.11853337f];
        foreach (var (i, value) in globals.Index()) Assert.AreEqual(value, batch.Global[i * 500], 1e-4f);
        foreach (var (at, value) in new[] { 0, 250, 400, 575 }.Zip(locals)) Assert.AreEqual(value, batch.Local[at], 1e-4f);
    }

    [TestMethod]
    public void SlotsDoNotOverlap()
    {
        var batch = new Batch(Small, 3);
        new ViewSampler(Small, 1).Fill(Images.Plain(20, 20, 255, 255, 255), 0, 0, batch, 1);
        for (int i = 0; i < batch.Global.Length; i++) Assert.AreEqual(i / 768 % 3 == 1, batch.Global[i] != 0);
        for (int i = 0; i < batch.Local.Length; i++) Assert.AreEqual(i / 192 % 3 == 1, batch.Local[i] != 0);
    }

    [TestMethod]
    public void PlainViewsAreTheWholeImageAndLeaveTheOthersAlone()
    {
        var plain = Small with { Views = Small.Views with { Plain = true, Flip = 1, Jitter = 1 } };
        var (image, batch, without) = (Images.Noise(50, 40, 1), new Batch(plain, 2),
            new Batch(plain with { Views = plain.Views with { Plain = false } }, 2));
        new ViewSampler(plain, 1).Fill(image, 0, 5, batch, slot: 1);
        new ViewSampler(plain with { Views = plain.Views with { Plain = false } }, 1).Fill(image, 0, 5, without, slot: 1);
        CollectionAssert.AreEqual(without.Global, batch.Global);
        CollectionAssert.AreEqual(without.Local, batch.Local);
        Assert.IsEmpty(without.Plain);
        Close.To(ViewSampler.EvalPixels(image, plain.ImageSize), batch.Plain[(batch.Plain.Length / 2)..], Close.Float32, "plain view");
        Assert.IsTrue(batch.Plain[..(batch.Plain.Length / 2)].All(value => value == 0), "the other image's slot was written");
    }

    /// <summary>The same crop, mirrored alike, before its colours change, as a model of a larger side would see it.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void The_anchor_sees_the_crop_without_changes_of_colour(int scale)
    {
        var coloured = Small with { Views = Small.Views with { Flip = 0.5, Jitter = 1, AnchorScale = scale } };
        var views = Small.Views with { Flip = 0.5, Jitter = 0, Grey = 0, Blur = 0, Solarize = 0 };
        var bare = Small with { ImageSize = scale * Small.ImageSize, Views = views };
        var (image, batch, expected) = (Images.Noise(50, 40, 1), new Batch(coloured, 2), new Batch(bare, 2));
        new ViewSampler(coloured, 1).Fill(image, 0, 5, batch, slot: 1);
        new ViewSampler(bare, 1).Fill(image, 0, 5, expected, slot: 1);
        CollectionAssert.AreEqual(expected.Global, batch.Anchor);
        Assert.AreEqual(scale * scale * batch.Global.Length, batch.Anchor.Length);
        if (scale == 1) CollectionAssert.AreNotEqual(batch.Global, batch.Anchor);
    }

    [TestMethod]
    public void EvaluationShowsTransparencyAsMidGrey()
    {
        foreach (var value in ViewSampler.EvalPixels(Images.Plain(9, 30, 255, 0, 0, alpha: 0), 8))
            Assert.AreEqual(0, value, 1e-5f);
        var red = ViewSampler.EvalPixels(Images.Plain(9, 30, 255, 0, 0), 8);
        Assert.HasCount(8 * 8 * 3, red);
        for (int i = 0; i < red.Length; i++) Assert.AreEqual(i % 3 == 0 ? 1 : -1, red[i], 1e-5f);
    }

    // Each change alone turns a plain image into another plain one, so a view shows whether it was made.
    [TestMethod]
    [DataRow("grey", 76)]
    [DataRow("solarize", 55)]
    public void ProbabilitiesGoByKindOfView(string change, int red)
    {
        var image = Images.Plain(20, 20, 200, 20, 40);
        foreach (var (probability, expected) in new[]
            { (new ViewProbability(1, 0, 0), "+------"), (new(0, 1, 0), "-++----"), (new(0, 0, 1), "---++++"), (1, "+++++++") })
        {
            var views = new ViewConfig(3, 4, 8);
            views = change == "grey" ? views with { Grey = probability } : views with { Solarize = probability };
            var batch = new Batch(Small with { Views = views }, 1);
            new ViewSampler(Small with { Views = views }, 1).Fill(image, 0, 0, batch, 0);
            var reds = Enumerable.Range(0, 3).Select(view => batch.Global[view * 768])
                .Concat(Enumerable.Range(0, 4).Select(view => batch.Local[view * 192]));
            // Grey of this red is 0.2989 · 200 + 0.587 · 20 + 0.114 · 40 = 76.1; solarized it is 255 - 200.
            Assert.AreEqual(expected, string.Concat(reds.Select(value => Math.Abs((value + 1) * 127.5 - red) < 0.5 ? '+' : '-')));
        }
    }

    // What DINO draws from the streams is what the same probabilities for all views draw.
    [TestMethod]
    public void GroupsDoNotShiftTheRandomStream()
    {
        var image = Images.Noise(50, 40, 1);
        var alike = Small with { Views = ViewConfig.Dino with { Blur = 1, Solarize = 0, LocalSize = 8 } };
        var grouped = Small with { Views = alike.Views with { Blur = new(1, 0, 0) } };
        Batch one = new(alike, 1), two = new(grouped, 1);
        new ViewSampler(alike, 3).Fill(image, 0, 0, one, 0);
        new ViewSampler(grouped, 3).Fill(image, 0, 0, two, 0);
        CollectionAssert.AreEqual(one.Global[..768], two.Global[..768]);
        CollectionAssert.AreNotEqual(one.Global[768..], two.Global[768..]);
    }

    // big_vision trains on the resize that it evaluates with: the plain view of an opaque image is what evaluation by tf sees.
    [TestMethod]
    public void Views_may_be_resized_as_TensorFlow_does()
    {
        var image = Images.Noise(50, 37, 3);
        for (int i = 3; i < image.Rgba.Length; i += 4) image.Rgba[i] = 255;
        var config = TinyRun.Config with { ImageSize = 24, Views = new(1, 1, 12, Filter: ResampleFilter.Tf, Plain: true) };
        Batch Fill(SilcConfig config, RgbImage image)
        {
            var batch = new Batch(config, 1);
            new ViewSampler(config, seed: 0).Fill(image, epoch: 0, sample: 0, batch, slot: 0);
            return batch;
        }
        var tf = Fill(config, image);
        Close.Bits(ViewSampler.EvalPixels(image, 24, rule: ImageRule.Own.WithResize("tf")), tf.Plain, "plain");
        var whole = config with { Views = config.Views with { GlobalScaleMin = 1, AspectMin = 50 / 37.0, AspectMax = 50 / 37.0, Flip = 1 } };
        var mirrored = Fill(whole, image).Global;
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 24; x++)
                for (int channel = 0; channel < 3; channel++)
                    Assert.AreEqual(tf.Plain[(y * 24 + x) * 3 + channel], mirrored[(y * 24 + 23 - x) * 3 + channel]);
        // The same crops as with another filter, of other values.
        var cubic = Fill(config with { Views = config.Views with { Filter = ResampleFilter.Bicubic } }, image);
        Assert.IsTrue(cubic.Global.Zip(tf.Global, (a, b) => Math.Abs(a - b)).Average() is > 0.01f and < 0.5f);
    }

    // Red, green and blue thirds: squashing shows all of them, the centre of a long image the middle one alone.
    [TestMethod]
    [DataRow(30, 10)]
    [DataRow(10, 30)]
    public void CentreCropKeepsTheMiddle(int width, int height)
    {
        var image = Images.Plain(width, height, 0, 0, 0);
        for (int i = 0; i < width * height; i++) image.Rgba[i * 4 + (width > height ? i % width : i / width) / 10] = 255;
        var center = ViewSampler.EvalPixels(image, 10, EvalCrop.Center);
        for (int i = 0; i < center.Length; i++) Assert.AreEqual(i % 3 == 1 ? 1 : -1, center[i], 1e-5f, $"value {i}");
        CollectionAssert.AreNotEqual(center, ViewSampler.EvalPixels(image, 10));
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(1, 5000)]
    [DataRow(65, 64)]
    [DataRow(331, 333)]
    public void CentreCropLiesInside(int width, int height)
    {
        var image = Images.Plain(width, height, 255, 255, 255);
        for (int size = 1; size < 70; size++)
            Assert.AreEqual(1, ViewSampler.EvalPixels(image, size, EvalCrop.Center).Min(), 1e-5f);
    }

    static Batch Fill(RgbImage image, int seed, long epoch, int sample)
    {
        var batch = new Batch(Small, 1);
        new ViewSampler(Small, seed).Fill(image, epoch, sample, batch, 0);
        return batch;
    }
}
