using Silc.Samples.Terminals;
using Spectre.Console;
using Progress = Silc.Samples.Terminals.Progress;

namespace Silc.Samples.Evaluation;

/// <summary>Says what is in a set of labels.</summary>
static class LabelInspection
{
    const int Shown = 20, Small = 32 * 32, Large = 96 * 96;

    /// <summary>Classes by their pixels.</summary>
    public static void Show(ISegmentationSource source, int most)
    {
        int count = Math.Min(most, source.Count), read = 0;
        var (pixels, images, ignored) = (new long[source.Classes.Count], new int[source.Classes.Count], 0L);
        var unread = new List<string>();
        var stop = Interrupt.Current?.Token ?? default;
        Progress.Show("label maps", count, report => ParallelLoop.Run(count, i =>
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                var labels = source.Read((int)((long)i * source.Count / count)).Labels.Labels;
                var own = new long[pixels.Length];
                long left = 0;
                foreach (int label in labels)
                    if (label < 0) left++;
                    else own[label]++;
                lock (pixels)
                {
                    ignored += left;
                    for (int k = 0; k < own.Length; k++)
                    {
                        pixels[k] += own[k];
                        if (own[k] > 0) images[k]++;
                    }
                }
            }
            catch (Exception error) when (Unreadable.Is(error))
            {
                lock (unread) unread.Add(error.Message);
            }
            report(Interlocked.Increment(ref read));
        }));
        double all = pixels.Sum() + ignored;
        Console.WriteLine($"{source.Name}: {Things(source.Count, "image")}, {count - unread.Count:N0} of them looked at, "
            + $"{source.Classes.Count} classes, {pixels.Count(own => own > 0)} of which occur"
            + (source.HasBackground ? ", class 0 is the background" : ""));
        Console.WriteLine($"pixels that do not count: {(all == 0 ? "" : ScoreReport.Percent(ignored / all))}");
        Show(["class", "name", "images", "pixels"], Enumerable.Range(0, pixels.Length).OrderByDescending(k => pixels[k]).Where(k => pixels[k] > 0)
            .Select(k => (string[])[$"{k}", source.Classes.Names[k], $"{images[k]:N0}", ScoreReport.Percent(pixels[k] / all)]));
        foreach (var line in unread.Order(StringComparer.Ordinal).Take(5)) Console.WriteLine($"unreadable: {line}");
        if (unread.Count > 5) Console.WriteLine($"unreadable: {unread.Count:N0} in all");
    }

    /// <summary>Categories by their things.</summary>
    public static void Show(IInstanceSource source)
    {
        var truth = source.Truth;
        var filled = truth.Instances.Select(instance => instance.ImageId).ToHashSet();
        Console.WriteLine($"{source.Name}: {Things(truth.Images.Count, "image")}, {source.Count:N0} of them there, "
            + $"{truth.Images.Count(image => !filled.Contains(image.Id)):N0} without a thing; "
            + $"{Things(truth.Instances.Count, "thing")} of {truth.Categories.Count:N0} categories");
        Console.WriteLine($"crowds: {truth.Instances.Count(instance => instance.IsCrowd):N0}; boxes without width or height: "
            + $"{truth.Instances.Count(instance => instance.Box.Width <= 0 || instance.Box.Height <= 0):N0}");
        Console.WriteLine($"small {truth.Instances.Count(instance => instance.Area < Small):N0}, medium "
            + $"{truth.Instances.Count(instance => instance.Area is >= Small and < Large):N0}, large "
            + $"{truth.Instances.Count(instance => instance.Area >= Large):N0}");
        if (truth.Categories.Any(category => category.Frequency is not null)) Console.WriteLine(string.Join(", ",
            "rcf".Zip(["rare", "common", "frequent"]).Select(group =>
                $"{truth.Categories.Count(category => category.Frequency == group.First):N0} categories {group.Second}")));
        var byCategory = truth.Instances.ToLookup(instance => instance.CategoryId);
        Show(["id", "name", "images", "things"], truth.Categories.OrderByDescending(category => byCategory[category.Id].Count())
            .Select(category => (string[])[$"{category.Id}", category.Name,
                $"{byCategory[category.Id].Select(instance => instance.ImageId).Distinct().Count():N0}", $"{byCategory[category.Id].Count():N0}"]));
    }

    /// <summary>Captions, or classes that became some.</summary>
    public static void Show(IImageTextSource source)
    {
        if (source is CaptionJsonSource captions)
        {
            int[] counts = [.. captions.References.Values.Select(own => own.Count).Order()];
            Console.WriteLine($"{source.Name}: {Things(counts.Length, "image")} with captions, {source.Count:N0} of them there; {counts.Sum():N0} "
                + $"captions, {counts[0]} to {counts[^1]} an image");
            return;
        }
        var classes = ((ILabelled)source).Classes!;
        var alike = classes.Names.GroupBy(name => name).Where(name => name.Count() > 1).Select(name => name.Key).ToList();
        Console.WriteLine($"{source.Name}: {Things(source.Count, "image")} of {classes.Names.Count:N0} classes"
            + (alike.Count > 0 ? $"; several classes are called {string.Join(", ", alike)}" : ""));
        var sizes = classes.Of.CountBy(label => label).ToDictionary();
        Show(["class", "name", "images"], Enumerable.Range(0, classes.Names.Count).OrderByDescending(k => sizes.GetValueOrDefault(k))
            .Select(k => (string[])[$"{k}", classes.Names[k], $"{sizes.GetValueOrDefault(k):N0}"]));
    }

    /// <summary>Questions by the type of their answer.</summary>
    public static void Show(VqaSource source)
    {
        var all = source.All;
        int images = all.Select(question => question.ImageId).Distinct().Count();
        Console.WriteLine($"{source.Name}: {Things(all.Count, "question")} about {Things(images, "image")}, "
            + $"{source.Count:N0} of them with an image that is there; {(all[0].Answers.Count > 0 ? $"{all.Min(question => question.Answers.Count)} "
                + $"to {all.Max(question => question.Answers.Count)} answers each" : "no answers")}");
        if (all[0].Answers.Count == 0) return;
        Show(["type of answer", "questions"], all.CountBy(question => question.AnswerType ?? "none").OrderByDescending(type => type.Value)
            .Select(type => (string[])[type.Key, $"{type.Value:N0}"]));
        Show(["answer", "times"], all.SelectMany(question => question.Answers).CountBy(answer => answer).OrderByDescending(answer => answer.Value)
            .ThenBy(answer => answer.Key, StringComparer.Ordinal).Select(answer => (string[])[answer.Key, $"{answer.Value:N0}"]));
    }

    /// <summary>Sentences by their length.</summary>
    public static void Show(IReferenceSource source)
    {
        ReferredThing[] all = [.. Enumerable.Range(0, source.Count).Select(source.Thing)];
        int[] words = [.. all.Select(thing => CaptionWords.Of(thing.Sentence).Count)];
        int things = all.Select(thing => (thing.ImageId, thing.Box)).Distinct().Count();
        int images = all.Select(thing => thing.ImageId).Distinct().Count();
        Console.WriteLine($"{source.Name}: {Things(all.Length, "sentence")} about {Things(things, "thing")} in {Things(images, "image")} that "
            + "are there"
            + (all.Length > 0 ? $"; {words.Min()} to {words.Max()} words, {words.Average():F1} on average" : ""));
    }

    static string Things(int count, string one) => $"{count:N0} {one}{(count == 1 ? "" : "s")}";

    static void Show(string[] columns, IEnumerable<string[]> rows)
    {
        var (table, all) = (new Table().AddColumns(columns), rows.ToList());
        for (int i = 0; i < columns.Length; i++)
            if (i != 1 || columns.Length == 2) table.Columns[i].RightAligned();
        foreach (var row in all.Take(Shown)) table.AddRow([.. row.Select(cell => cell.EscapeMarkup())]);
        Terminal.Write(table);
        if (all.Count > Shown) Console.WriteLine($"and {all.Count - Shown:N0} more");
    }
}
