using Silc.Samples.Data;

namespace Silc.Samples.Heads;

/// <summary>A head that towers are compared by: how it is trained, and the rows that it gives.</summary>
/// <param name="Name">On the line, and in the names of files.</param>
/// <param name="Kind">Of <c>silc head train</c>.</param>
/// <param name="Steps">Steps of its training, unless the line says other.</param>
/// <param name="Images">Scenes that it is trained on, likewise.</param>
/// <param name="More">Further options of its training.</param>
/// <param name="Rows">What is measured of it.</param>
sealed record ComparedTask(string Name, string Kind, int Steps, int Images, IReadOnlyDictionary<string, string[]> More,
    IReadOnlyList<ComparedRow> Rows)
{
    // The method of a head's line begins so; those of its floors do not.
    const string Head = "head, ", Alone = "zero-shot", Always = "always", FirstStep = "head, before";

    static readonly (string, string)[] prior = [("always the most frequent class", Always)];
    static readonly (string, string)[] constant = [("always the most frequent caption", Always), ("true colours, random shapes", "true colours")];
    static readonly (string, string)[] blind = [("blind: the most frequent answer to the same words, or of their type", "blind")];

    /// <summary>Those that some data have.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<ComparedTask> Of(string data)
    {
        var captions = new ComparedTask("captions", "caption", 600, 1500, Options(),
            [new("captions, CIDEr-D", Head, "CIDEr-D", constant), new("captions, exact", Head, "exact", constant)]);
        if (DemoSet.LevelOf(data) is not null)
            return
            [
                Patches("colours", ("--task", "colour")), Patches("shapes", ("--task", "shape")),
                new("detection", "detect", 800, 800, Options(("--hold-out", "orange,pink,white"), ("--without-held-out", "true")),
                [
                    new("detection by colour, AP50 of trained colours", $"{Head}step", "AP50 seen", [("before its first step", FirstStep)]),
                    new("detection by colour, AP50 of other colours", $"{Head}step", "AP50 unseen", [("before its first step", FirstStep)]),
                ]),
                captions,
                new("answers", "answer", 3000, 6000, Options(), [.. new[] { "colour", "shape", "count", "exists", "relation" }
                    .Select(type => new ComparedRow($"answers, {type}", Head, type, blind))]),
            ];
        if (DataOption.EmojiFolder(data) is not null) return [Patches("classes"), captions];
        throw new ArgumentException($"--data {data}: towers are compared on images that the program draws, demo, demo:hard or emoji:FOLDER "
            + "(silc data emoji makes one)");
    }

    static ComparedTask Patches(string name, params (string, string)[] options) => new(name, "segment", 400, 800, Options(options),
        [new($"{name}, mIoU, no head", Alone, "mIoU", prior), new($"{name}, mIoU, adapter", Head, "mIoU", prior)]);

    static Dictionary<string, string[]> Options(params (string Name, string Word)[] options) =>
        options.ToDictionary(option => option.Name, option => new[] { option.Word });
}

/// <summary>A row of a table of towers.</summary>
/// <param name="Name">What stands before it.</param>
/// <param name="Method">How the method of its score begins.</param>
/// <param name="Metric">Of the score.</param>
/// <param name="Floors">What stands beside it: words, and how the method of each begins.</param>
sealed record ComparedRow(string Name, string Method, string Metric, IReadOnlyList<(string Words, string Method)> Floors);
