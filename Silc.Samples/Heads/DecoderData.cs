using System.CommandLine;
using Silc.Samples.Data;

namespace Silc.Samples.Heads;

/// <summary>What heads that write are trained on and asked about.</summary>
static class DecoderData
{
    const int DemoSize = 64;

    public static readonly Option<string> Captioned = DataOption.Create();

    public static readonly Option<string> Asked = new("--data")
    {
        Description = "demo or demo:hard (questions about scenes that the program draws; those of demo have one object each), or "
            + $"{PublishedSets.Help(PublishedSets.WithQuestions)}, whose answers are found beside it; or sentences that speak of one thing, "
            + $"whose box is the answer: {ReferenceData.Help}.",
        HelpName = "demo|demo:hard|vqa:FILE.json|refer:demo|refcoco:FILE.json",
        Required = true,
    };

    /// <summary>Images with captions.</summary>
    /// <param name="parsed">Names them.</param>
    /// <param name="images">Number of scenes that are drawn.</param>
    /// <param name="training">False draws other scenes than those that are trained on.</param>
    /// <exception cref="ArgumentException">There is no such set; the message says which there are.</exception>
    public static IImageTextSource Captions(ParseResult parsed, Option<int> images, bool training)
    {
        var data = parsed.GetRequiredValue(Captioned);
        if (DataOption.EmojiFolder(data) is { } folder)
        {
            // A head is asked about the tenth that neither it nor its tower was trained on.
            var set = DataOption.OpenEmoji(folder);
            IImageTextSource emoji = training ? DataOption.Open(data, DrawnScenes.SeedOf(false), parsed) : set.HeldOut();
            return parsed.GetResult(images) is { Implicit: false } && parsed.GetValue(images) is var few && few < emoji.Count
                ? new SubsetSource(emoji, Enumerable.Range(0, few).Select(i => (int)((long)i * emoji.Count / few))) : emoji;
        }
        if (DemoSet.LevelOf(data) is null) DrawnScenes.RefuseCount(parsed, images, data);
        // Refuses options that are for other data, also of the demo, whose number of scenes is given here.
        var source = DataOption.Open(data, DrawnScenes.SeedOf(false), parsed);
        return DemoSet.LevelOf(data) is { } level ? new DemoSource(parsed.GetValue(images), DrawnScenes.SeedOf(training), DemoSize, level) : source;
    }

    /// <summary>Questions about images.</summary>
    /// <inheritdoc cref="Captions"/>
    public static IQuestionSource Questions(ParseResult parsed, Option<int> images, bool training)
    {
        var data = parsed.GetRequiredValue(Asked);
        if (ReferenceData.Open(data, parsed, images, training) is { } sentences) return new ReferenceQuestions(sentences);
        if (parsed.GetValue(PublishedSets.Split) is { } split) throw new ArgumentException($"--split {split} is for refcoco:, not for --data {data}");
        if (DemoSet.LevelOf(data) is { } level)
        {
            if (parsed.GetResult(PublishedSets.ImageFolder) is not null)
                throw new ArgumentException($"{PublishedSets.ImageFolder.Name} is for vqa:, not for --data {data}");
            return new DemoQuestions(parsed.GetValue(images), DrawnScenes.SeedOf(training), DemoSize, level);
        }
        if (!PublishedSets.IsOneOf(data, PublishedSets.WithQuestions))
            throw new ArgumentException($"--data {data}: questions are those of demo, demo:hard, "
                + $"{PublishedSets.Help(PublishedSets.WithQuestions)}, {ReferenceData.Help}");
        DrawnScenes.RefuseCount(parsed, images, data);
        var source = new VqaSource(PublishedSets.Existing(data), null, parsed.GetValue(PublishedSets.ImageFolder));
        DataOption.Say(source.Skipped);
        return source;
    }
}
