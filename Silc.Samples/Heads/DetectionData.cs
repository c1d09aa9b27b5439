using System.CommandLine;
using Silc.Samples.Data;

namespace Silc.Samples.Heads;

/// <summary>What detection heads are trained on and asked about.</summary>
static class DetectionData
{
    const int DemoSize = 96;

    public static readonly Option<string> Data = new("--data")
    {
        Description = "demo or demo:hard (objects of scenes that the program draws, by colour), or "
            + $"{PublishedSets.Help(PublishedSets.WithInstances)}.",
        HelpName = "demo|demo:hard|coco:FILE.json|lvis:FILE.json",
        Required = true,
    };

    /// <summary>How what is found is ranked.</summary>
    public static readonly Option<bool> Objectness = new("--objectness")
    {
        Description = "Rank what is found by the geometric mean of the probability of its name and of the objectness of its patch, that there is "
            + "anything, and not by its name alone.",
    };

    /// <summary>What a line of scores says of that.</summary>
    public static string RankedBy(bool objectness) => objectness ? ", ranked by name and objectness" : "";

    /// <summary>Opens the set.</summary>
    /// <param name="data">The value of <c>--data</c>.</param>
    /// <param name="parsed">Says the folder of its images.</param>
    /// <param name="images">Number of scenes that are drawn.</param>
    /// <param name="training">False draws other scenes than those that are trained on.</param>
    /// <exception cref="ArgumentException">There is no such set; the message says which there are.</exception>
    public static IInstanceSource Open(string data, ParseResult parsed, Option<int> images, bool training)
    {
        if (parsed.GetResult(PublishedSets.Split) is not null)
            throw new ArgumentException($"--split is for sentences of refcoco:, not for --data {data}");
        if (DemoSet.LevelOf(data) is { } level)
        {
            if (parsed.GetResult(PublishedSets.ImageFolder) is not null)
                throw new ArgumentException($"{PublishedSets.ImageFolder.Name} is for coco: and lvis:, not for --data {data}");
            return new DemoDetection(parsed.GetValue(images), DrawnScenes.SeedOf(training), DemoSize, level);
        }
        if (ReferenceData.Is(data)) throw new ArgumentException($"--data {data}: a detection head is trained on names; sentences are for silc head "
            + "eval detect, and silc head train answer learns them");
        if (!PublishedSets.IsOneOf(data, PublishedSets.WithInstances))
            throw new ArgumentException($"--data {data}: detection takes demo, demo:hard, {PublishedSets.Help(PublishedSets.WithInstances)}");
        DrawnScenes.RefuseCount(parsed, images, data);
        var source = new CocoSource(PublishedSets.Existing(data), parsed.GetValue(PublishedSets.ImageFolder));
        DataOption.Say(source.Skipped);
        return source;
    }

    /// <summary>The set without the images that show a class which is not trained on.</summary>
    /// <exception cref="ArgumentException">None is left.</exception>
    public static IInstanceSource WithoutOthers(IInstanceSource source, IReadOnlyList<string> chosen)
    {
        var names = source.Truth.Classes().Names;
        var others = source.Truth.Categories.Index().Where(entry => !chosen.Contains(names[entry.Index])).Select(entry => entry.Item.Id).ToHashSet();
        var left = source.Truth.Instances.Where(instance => others.Contains(instance.CategoryId)).Select(instance => instance.ImageId).ToHashSet();
        int[] kept = [.. Enumerable.Range(0, source.Count).Where(i => !left.Contains(source.InfoOf(i).Id))];
        return kept.Length > 0 ? new ChosenImages(source, kept)
            : throw new ArgumentException($"--without-held-out leaves no image of {source.Name}: each shows a class that is held out");
    }

    /// <summary>The names that are trained on.</summary>
    /// <exception cref="ArgumentException">The set has no such class, or none is left.</exception>
    public static IReadOnlyList<string> Chosen(IInstanceSource source, string? heldOut)
    {
        var classes = source.Truth.Classes();
        var left = (heldOut ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            classes.Find(name) ?? throw new ArgumentException($"--hold-out {name}: {source.Name} has no such class; there are "
                + string.Join(", ", classes.Names.Take(20)))).ToHashSet();
        string[] chosen = [.. classes.Names.Where((_, label) => !left.Contains(label))];
        return chosen.Length > 0 ? chosen : throw new ArgumentException($"--hold-out {heldOut} leaves no class to train on");
    }
}
