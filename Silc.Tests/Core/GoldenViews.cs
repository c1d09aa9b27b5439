using System.Text.Json;

namespace Silc.Tests;

/// <summary>PIL's results from Golden/make_views.py.</summary>
sealed record GoldenViews(int Width, int Height, byte[] Rgb, GoldenViews.Resize[] Resized, Dictionary<string, byte[]> Operations)
{
    public sealed record Resize(string Filter, double[] Box, int Width, int Height, byte[] Rgb);

    public Picture Picture => Pictures.FromRgb(Width, Height, Rgb);

    public static GoldenViews Load() => JsonSerializer.Deserialize<GoldenViews>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "views.json")), JsonSerializerOptions.Web)!;

    /// <summary>Mean absolute difference in units of 1/255.</summary>
    public static double MeanError(byte[] expected, float[] actual) =>
        expected.Zip(actual, (e, a) => Math.Abs(e - 255.0 * a)).Average();
}
