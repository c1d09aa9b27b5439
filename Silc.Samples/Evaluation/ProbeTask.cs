using Silc.Samples.Data;

namespace Silc.Samples.Evaluation;

/// <summary>A classification to be learned from one set and tried on another.</summary>
/// <param name="What">What the classes are.</param>
/// <param name="Known">Images to learn from.</param>
/// <param name="Labels">Their classes.</param>
/// <param name="Asked">Images to classify.</param>
/// <param name="Truth">Their classes.</param>
sealed record ProbeTask(string What, IImageTextSource Known, IReadOnlyList<int> Labels, IImageTextSource Asked, IReadOnlyList<int> Truth)
{
    const int DemoPerClass = 25, DemoSeed = 2_000_003;

    /// <summary>Shapes and colours of single objects.</summary>
    public static IReadOnlyList<ProbeTask> Demo(DemoLevel level)
    {
        var (known, asked) = (DemoSet.Labelled(DemoPerClass, DemoSeed, level), DemoSet.HeldOut(level));
        int[] Shapes(DemoEvaluation set) => [.. set.Classes.Of.Select(label => (int)set.Kinds.Shape(label))];
        int[] Colours(DemoEvaluation set) => [.. set.Classes.Of.Select(label => (int)set.Kinds.Colour(label))];
        return [new("shape", known, Shapes(known), asked, Shapes(asked)), new("colour", known, Colours(known), asked, Colours(asked))];
    }

    /// <summary>Groups and subgroups, in the training styles and in the unseen one.</summary>
    public static IReadOnlyList<ProbeTask> Emoji(EmojiSet set)
    {
        var known = set.Train();
        return [.. new[] { set.HeldOut(), set.UnseenStyle() }.SelectMany(asked => (ProbeTask[])
            [Of("group", known, known.Groups, asked, asked.Groups), Of("subgroup", known, known.Subgroups, asked, asked.Subgroups)])];
    }

    /// <summary>Test images, numbered by the classes that can be learned; others are left out.</summary>
    /// <exception cref="ArgumentException">A folder of images to classify has no counterpart to learn from.</exception>
    public static ProbeTask Of(string what, IImageTextSource known, LabelSet labels, IImageTextSource asked, LabelSet askedLabels)
    {
        int[] number = [.. askedLabels.Names.Select(name => labels.Names.ToList().IndexOf(name))];
        if (Array.IndexOf(number, -1) is >= 0 and var missing && asked is not EmojiSource)
            throw new ArgumentException($"{asked.Name} has a class '{askedLabels.Names[missing]}' that {known.Name} does not have");
        int[] kept = [.. Enumerable.Range(0, asked.Count).Where(i => number[askedLabels.Of[i]] >= 0)];
        return new(what, known, labels.Of, kept.Length == asked.Count ? asked : new SubsetSource(asked, kept),
            [.. kept.Select(i => number[askedLabels.Of[i]])]);
    }
}
