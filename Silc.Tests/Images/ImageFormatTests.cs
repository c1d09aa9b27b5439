namespace Silc.Tests;

/// <summary>Images of every format and kind of pixel, as PIL sees them.</summary>
[TestClass]
public sealed class ImageFormatTests
{
    public static IEnumerable<object[]> Names => GoldenImage.Load().Select(image => new object[] { image.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ShowsWhatPilShows(string name)
    {
        var expected = GoldenImage.Load().Single(image => image.Name == name);
        var actual = ImageFile.Decode(expected.Content, name);
        Assert.AreEqual((expected.Width, expected.Height), (actual.Width, actual.Height));
        var error = MeanError(expected.Pixels(), actual.Rgba);
        Console.WriteLine($"{name}: {error:f3} of 255");
        Assert.IsLessThanOrEqualTo(expected.Tolerance, error, $"{name}: {error:f3} of 255");
    }

    // Colours under full transparency are undefined.
    static double MeanError(byte[] expected, byte[] actual)
    {
        long sum = 0;
        for (int i = 0; i < expected.Length; i++)
            if (i % 4 == 3 || expected[i | 3] != 0) sum += Math.Abs(expected[i] - actual[i]);
        return sum / (double)expected.Length;
    }
}
