using System.Text.Json;

namespace Silc.Tests;

/// <summary>Generated sets and what the official programs say of them: Golden/metrics, made by make_metrics.py.</summary>
static class MetricsFolder
{
    public static string File(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "metrics", name);

    public static JsonElement Json(string name) => JsonDocument.Parse(System.IO.File.ReadAllBytes(File(name))).RootElement;

    public static double[] Reals(this JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetDouble())];

    public static string[] Texts(this JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetString()!)];
}
