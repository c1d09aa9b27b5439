using System.Text.Json;

namespace Silc.Tests;

/// <summary>
/// PIL's and torchvision's results from Golden/make_views.py. Operations go by "library change amount" and start from
/// <paramref name="Part"/>, <paramref name="PartWidth"/> x <paramref name="PartHeight"/> pixels.
/// </summary>
sealed record GoldenViews(
    int Width, int Height, byte[] Rgb, GoldenViews.Resize[] Resized, GoldenViews.Square[] Centered,
    int PartWidth, int PartHeight, byte[] Part, Dictionary<string, byte[]> Operations)
{
    public sealed record Resize(string By, string Filter, double[] Box, int Width, int Height, bool Flip, byte[] Rgb);

    public sealed record Square(int Size, byte[] Rgb);

    public RgbImage Image => Images.FromRgb(Width, Height, Rgb);

    public static GoldenViews Load() => JsonSerializer.Deserialize<GoldenViews>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "views.json")), JsonSerializerOptions.Web)!;

    /// <summary>Mean absolute difference in units of 1/255.</summary>
    public static double MeanError(byte[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        return expected.Zip(actual, (e, a) => Math.Abs(e - 255.0 * a)).Average();
    }
}
