using System.CommandLine;
using Silc.Samples.Data;

namespace Silc.Samples.Heads;

/// <summary>Sentences that speak of one thing each, whose box is asked for.</summary>
static class ReferenceData
{
    /// <summary>Before the demo's name: sentences about its scenes.</summary>
    public const string Drawn = "refer:";

    /// <summary>How to write them.</summary>
    public static string Help => $"{Drawn}demo, {Drawn}demo:hard, {PublishedSets.Help(PublishedSets.WithReferences)}";

    const int DemoSize = 96;

    /// <summary>True for such data.</summary>
    public static bool Is(string data) =>
        data.StartsWith(Drawn, StringComparison.Ordinal) || PublishedSets.IsOneOf(data, PublishedSets.WithReferences);

    /// <summary>The demo that sentences are about, as other data name it; what is no such name comes back as it is.</summary>
    public static string SceneOf(string data) => data.StartsWith(Drawn, StringComparison.Ordinal) ? data[Drawn.Length..] : data;

    /// <summary>Opens the set; null for other data.</summary>
    /// <param name="data">The value of <c>--data</c>.</param>
    /// <param name="parsed">Its split and the folder of its images.</param>
    /// <param name="images">Number of scenes that are drawn.</param>
    /// <param name="training">False draws other scenes than those that are trained on.</param>
    /// <exception cref="ArgumentException">The demo has no such level, or an option is for other data.</exception>
    public static IReferenceSource? Open(string data, ParseResult parsed, Option<int> images, bool training)
    {
        if (!Is(data)) return null;
        if (PublishedSets.References(data, parsed) is { } published)
        {
            DrawnScenes.RefuseCount(parsed, images, data);
            DataOption.Say(published.Skipped);
            return published;
        }
        var level = DemoSet.LevelOf(SceneOf(data)) ?? throw new ArgumentException($"--data {data}: sentences are those of {Help}");
        foreach (var option in (Option[])[PublishedSets.Split, PublishedSets.ImageFolder])
            if (parsed.GetResult(option) is not null) throw new ArgumentException($"{option.Name} is for published sets, not for --data {data}");
        return new DemoReferences(parsed.GetValue(images), DrawnScenes.SeedOf(training), DemoSize, level);
    }
}
