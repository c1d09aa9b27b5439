namespace Silc.Tests;

[TestClass]
public sealed class ResampleTests
{
    // In units of 1/255. PIL rounds and clips to 8 bits after each of the two passes, we only clip at the end.
    const double EightBitPasses = 1;

    // torchvision crops before it resizes, so pixels just outside the box do not take part.
    const double HardEdges = 1.5;

    [TestMethod]
    public void MatchesPilAndTorchvision()
    {
        var golden = GoldenViews.Load();
        foreach (var expected in golden.Resized)
        {
            var (left, top, right, bottom) = (expected.Box[0], expected.Box[1], expected.Box[2], expected.Box[3]);
            var actual = new float[expected.Width * expected.Height * 3];
            Resample.Crop(
                golden.Image, new(left, top, right - left, bottom - top), actual, expected.Width, expected.Height,
                Enum.Parse<ResampleFilter>(expected.Filter), flip: expected.Flip);
            var error = GoldenViews.MeanError(expected.Rgb, actual);
            var what = $"{expected.By} {expected.Filter} {string.Join(", ", expected.Box)}: {error:f3} of 255";
            Console.WriteLine(what);
            Assert.IsLessThan(expected.By == "PIL" ? EightBitPasses : HardEdges, error, what);
        }
    }

    [TestMethod]
    public void CentreCropMatchesTorchvision()
    {
        var golden = GoldenViews.Load();
        foreach (var expected in golden.Centered)
        {
            var signed = ViewSampler.EvalPixels(golden.Image, expected.Size, EvalCrop.Center);
            var error = GoldenViews.MeanError(expected.Rgb, [.. signed.Select(value => (value + 1) / 2)]);
            Console.WriteLine($"{expected.Size}: {error:f3} of 255");
            // Half a level is rounding.
            Assert.IsLessThan(0.5, error, $"{expected.Size}: {error:f3} of 255");
        }
    }

    [TestMethod]
    public void SameSizeIsIdentity()
    {
        var image = GoldenViews.Load().Image;
        foreach (var filter in Enum.GetValues<ResampleFilter>())
        {
            var actual = new float[image.Width * image.Height * 3];
            Resample.Crop(image, CropBox.Of(image), actual, image.Width, image.Height, filter);
            for (int i = 0; i < actual.Length; i++) Assert.AreEqual(image.Rgba[i / 3 * 4 + i % 3] / 255f, actual[i], 1e-6f);
        }
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(7, 33)]
    [DataRow(130, 5)]
    public void ConstantStaysConstant(int width, int height)
    {
        var image = Images.Plain(37, 21, 200, 100, 50);
        var actual = new float[width * height * 3];
        Resample.Crop(image, new(1.3, 0.2, 35, 20.5), actual, width, height);
        for (int i = 0; i < actual.Length; i++) Assert.AreEqual(new[] { 200, 100, 50 }[i % 3] / 255f, actual[i], 1e-5f);
    }

    [TestMethod]
    public void FlipMirrorsColumns()
    {
        var image = GoldenViews.Load().Image;
        float[] plain = new float[16 * 16 * 3], flipped = new float[16 * 16 * 3];
        Resample.Crop(image, CropBox.Of(image), plain, 16, 16);
        Resample.Crop(image, CropBox.Of(image), flipped, 16, 16, flip: true);
        for (int i = 0; i < plain.Length; i++)
        {
            int x = i / 3 % 16;
            Assert.AreEqual(plain[i], flipped[i + (15 - 2 * x) * 3]);
        }
    }

    [TestMethod]
    public void TransparencyEqualsCompositingFirst()
    {
        var random = new Random(1);
        var image = Images.Plain(40, 30, 0, 0, 0);
        random.NextBytes(image.Rgba);
        var opaque = Images.Plain(40, 30, 0, 0, 0);
        var background = new Colour(0.8f, 0.2f, 1);
        for (int i = 0; i < opaque.Rgba.Length; i += 4)
            for (int c = 0; c < 3; c++)
            {
                var alpha = image.Rgba[i + 3] / 255.0;
                var behind = new[] { background.R, background.G, background.B }[c];
                opaque.Rgba[i + c] = (byte)Math.Round(alpha * image.Rgba[i + c] + (1 - alpha) * behind * 255);
            }
        float[] expected = new float[13 * 11 * 3], actual = new float[13 * 11 * 3];
        Resample.Crop(opaque, CropBox.Of(opaque), expected, 13, 11);
        Resample.Crop(image, CropBox.Of(image), actual, 13, 11, background: background);
        for (int i = 0; i < actual.Length; i++) Assert.AreEqual(expected[i], actual[i], 1 / 255f);
    }

    [TestMethod]
    public void BoxOutsideIsAnError()
    {
        var image = Images.Plain(10, 10, 0, 0, 0);
        var error = Assert.ThrowsExactly<ArgumentException>(() => Resample.Crop(image, new(5, 0, 6, 10), new float[12], 2, 2));
        Assert.Contains("10 x 10", error.Message);
    }
}
