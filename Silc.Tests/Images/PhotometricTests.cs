using System.Globalization;

namespace Silc.Tests;

[TestClass]
public sealed class PhotometricTests
{
    [TestMethod]
    public void BrightnessScalesAndClamps() => Check(
        [0.2f, 0.5f, 0.9f], rgb => Photometric.Brightness(rgb, 1.5f), 0.3f, 0.75f, 1);

    // Grey of the two pixels: 0.2989 and 0.5870, mean 0.44295; half of it plus half of each value.
    [TestMethod]
    public void ContrastPullsToMeanGrey() => Check(
        [1, 0, 0, 0, 1, 0], rgb => Photometric.Contrast(rgb, 0.5f),
        0.721475f, 0.221475f, 0.221475f, 0.221475f, 0.721475f, 0.221475f);

    // Grey is 0.2989 · 0.5 + 0.114 · 1 = 0.26345.
    [TestMethod]
    public void SaturationScalesDistanceToGrey() => Check(
        [0.5f, 0, 1], rgb => Photometric.Saturation(rgb, 0.5f), 0.381725f, 0.131725f, 0.631725f);

    [TestMethod]
    public void GreyIsWeightedSum() => Check(
        [1, 0, 0, 0, 0, 1], Photometric.Grey, 0.2989f, 0.2989f, 0.2989f, 0.114f, 0.114f, 0.114f);

    [TestMethod]
    public void HueTurnsThirdsOfTheCircle()
    {
        Check([1, 0, 0, 0.9f, 0.4f, 0.2f], rgb => Photometric.Hue(rgb, 1 / 3f), 0, 1, 0, 0.2f, 0.9f, 0.4f);
        Check([1, 0, 0], rgb => Photometric.Hue(rgb, -1 / 3f), 0, 0, 1);
        Check([0.3f, 0.3f, 0.3f], rgb => Photometric.Hue(rgb, 0.2f), 0.3f, 0.3f, 0.3f);
        // Half a turn of orange (hue 30 degrees) is 210 degrees.
        Check([1, 0.5f, 0], rgb => Photometric.Hue(rgb, 0.5f), 0, 0.5f, 1);
    }

    [TestMethod]
    public void SolarizeInvertsFrom128() => Check([127 / 255f, 128 / 255f, 1], Photometric.Solarize, 127 / 255f, 127 / 255f, 0);

    [TestMethod]
    public void SignedRange() => Check([0, 0.5f, 1], Photometric.ToSigned, -1, 0, 1);

    [TestMethod]
    public void MatchesPilAndTorchvision()
    {
        var golden = GoldenViews.Load();
        // Below 0.4 torchvision samples the bell at the centres of pixels, where PIL and Silc keep its width: see the next test but one.
        foreach (var (name, expected) in golden.Operations.Where(operation => operation.Key != "torchvision blur 0.3"))
        {
            var rgb = golden.Part.Select(value => value / 255f).ToArray();
            Operation(name.Split(' '), rgb, golden.PartWidth, golden.PartHeight);
            var error = GoldenViews.MeanError(expected, rgb);
            Console.WriteLine($"{name}: {error:f3} of 255");
            // PIL takes contrast from a mean that is a whole level and blurs with three box blurs. Half a level is rounding.
            var most = name.StartsWith("PIL blur") ? 1.5 : name.StartsWith("PIL") ? 0.75 : 0.5;
            Assert.IsLessThan(most, error, $"{name}: {error:f3} of 255");
        }
    }

    [TestMethod]
    public void BlurKeepsConstantAndMean()
    {
        var plain = Enumerable.Repeat(0.25f, 5 * 9 * 3).ToArray();
        GaussianBlur.Apply(plain, 5, 9, 2);
        foreach (var value in plain) Assert.AreEqual(0.25f, value, 1e-6f);

        var point = new float[21 * 21 * 3];
        point[(10 * 21 + 10) * 3] = 1;
        GaussianBlur.Apply(point, 21, 21, 1.2);
        Assert.AreEqual(1, point.Sum(), 1e-5);
        Assert.AreEqual(Math.Exp(-0.5 / 1.44), point[(10 * 21 + 11) * 3] / point[(10 * 21 + 10) * 3], 1e-5);
    }

    // The fraction of N(0, σ²) beyond half a pixel, by tables.
    [TestMethod]
    [DataRow(0.1, 0)]
    [DataRow(0.25, 0.0227501)]
    [DataRow(0.3, 0.0477904)]
    [DataRow(0.39, 0.0999146)]
    public void NarrowBlurIntegratesOverPixels(double sigma, double beside)
    {
        var point = new float[9 * 9 * 3];
        point[(4 * 9 + 4) * 3] = 1;
        GaussianBlur.Apply(point, 9, 9, sigma);
        float along = 0;
        for (int y = 0; y < 9; y++) along += point[(y * 9 + 5) * 3];
        Assert.AreEqual(beside, along, 2e-4);
        Assert.AreEqual(1, point.Sum(), 1e-5);
    }

    static void Operation(string[] words, Span<float> rgb, int width, int height)
    {
        var amount = words.Length > 2 ? float.Parse(words[2], CultureInfo.InvariantCulture) : 0;
        switch (words[1])
        {
            case "brightness": Photometric.Brightness(rgb, amount); break;
            case "contrast": Photometric.Contrast(rgb, amount); break;
            case "saturation": Photometric.Saturation(rgb, amount); break;
            case "hue": Photometric.Hue(rgb, amount); break;
            case "grey": Photometric.Grey(rgb); break;
            case "solarize": Photometric.Solarize(rgb); break;
            case "blur": GaussianBlur.Apply(rgb, width, height, amount); break;
            default: Assert.Fail($"what is {words[1]}?"); break;
        }
    }

    delegate void Change(Span<float> rgb);

    static void Check(float[] rgb, Change change, params float[] expected)
    {
        change(rgb);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], rgb[i], 1e-5f, $"value {i}");
    }
}
