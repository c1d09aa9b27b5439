namespace Silc.Tests;

[TestClass]
public sealed class RandomConvolutionTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(9, 5, 3)]
    [DataRow(17, 4, 5)]
    [DataRow(3, 8, 7)]
    public void EqualsTheSumOverTaps(int width, int height, int side)
    {
        var random = new Philox(5);
        var rgb = Enumerable.Range(0, width * height * 3).Select(_ => random.NextFloat()).ToArray();
        var weights = Enumerable.Range(0, 9 * side * side).Select(_ => (float)(random.Normal() / side)).ToArray();
        const float keep = 0.3f;
        var expected = new float[rgb.Length];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int to = 0; to < 3; to++)
                {
                    double sum = 0;
                    for (int from = 0; from < 3; from++)
                        for (int dy = 0; dy < side; dy++)
                            for (int dx = 0; dx < side; dx++)
                            {
                                int row = Math.Clamp(y + dy - side / 2, 0, height - 1), column = Math.Clamp(x + dx - side / 2, 0, width - 1);
                                sum += weights[((to * 3 + from) * side + dy) * side + dx] * (rgb[(row * width + column) * 3 + from] - 0.5);
                            }
                    var at = (y * width + x) * 3 + to;
                    expected[at] = (float)Math.Clamp(keep * rgb[at] + (1 - keep) * (sum + 0.5), 0, 1);
                }
        RandomConvolution.Mix(rgb, width, height, weights, side, keep);
        Close.To(expected, rgb, Close.Float32, $"{width} x {height} by {side}");
    }

    // Weights of variance 1 / (3 k^2) keep the variance of independent values; a mean of all a's mix keeps some 2/3 of it.
    [TestMethod]
    public void DrawsAreDifferentAndKeepContrast()
    {
        var image = Enumerable.Range(0, 16 * 16 * 3).Select(i => 0.5f + 0.2f * MathF.Sin(i * i)).ToArray();
        var random = new Philox(7);
        double spread = 0;
        const int draws = 400;
        var seen = new HashSet<float>();
        for (int i = 0; i < draws; i++)
        {
            var changed = (float[])image.Clone();
            RandomConvolution.Apply(changed, 16, 16, random);
            spread += changed.Sum(value => (value - 0.5) * (value - 0.5)) / changed.Length / draws;
            seen.Add(changed[300]);
        }
        var before = image.Sum(value => (value - 0.5) * (value - 0.5)) / image.Length;
        Console.WriteLine($"variance {before:F4}, after {spread:F4}, {seen.Count} different values in {draws}");
        Assert.IsTrue(spread > 0.4 * before && spread < before, $"{spread} beside {before}");
        Assert.IsGreaterThan(draws - 5, seen.Count);
    }

    [TestMethod]
    public void ViewsGetItByTheirKindAndKeepTheirOtherDraws()
    {
        var views = ViewConfig.Dino with { Local = 2, LocalSize = 8 };
        var plain = SilcConfig.Mini with { ImageSize = 16, Views = views };
        var changed = plain with { Views = views with { RandConv = new ViewProbability(0, 1, 0) } };
        Batch one = new(plain, 1), two = new(changed, 1);
        new ViewSampler(plain, 3).Fill(Images.Noise(50, 40, 1), 0, 0, one, 0);
        new ViewSampler(changed, 3).Fill(Images.Noise(50, 40, 1), 0, 0, two, 0);
        CollectionAssert.AreEqual(one.Global[..768], two.Global[..768]);
        CollectionAssert.AreNotEqual(one.Global[768..], two.Global[768..]);
        CollectionAssert.AreEqual(one.Local, two.Local);
    }
}
