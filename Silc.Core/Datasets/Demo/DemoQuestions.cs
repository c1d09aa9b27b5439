using static Silc.Datasets.DemoObject;

namespace Silc.Datasets;

/// <summary>
/// Questions about the demo's scenes, and their answers, from templates: the colour of a shape, the shape that has a colour, how many there are,
/// whether there is one, and where one lies to another, which is worded by colours, since small towers know hardly any shape. Their types are
/// <c>colour</c>, <c>shape</c>, <c>count</c>, <c>exists</c> and <c>relation</c>. Threads: any number may call.
/// </summary>
public sealed class DemoQuestions : IQuestionSource
{
    // As many people as VQA asks: its accuracy counts how many of the others agree.
    const int People = 10;

    const ulong Stream = 17UL << 32;

    readonly DemoSource scenes;
    readonly AnsweredQuestion[] questions;

    /// <summary>Draws nothing yet.</summary>
    /// <param name="scenes">Number of scenes; each has two to five questions.</param>
    /// <param name="seed">Another seed draws other scenes.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="level">How hard they are; those of the plain level have one object each.</param>
    /// <exception cref="ArgumentException">A number is not positive.</exception>
    public DemoQuestions(int scenes, int seed, int size = 96, DemoLevel level = DemoLevel.Hard)
    {
        this.scenes = new(scenes, seed, size, level);
        Name = $"demo, {Word(level)}, questions";
        questions = [.. Enumerable.Range(0, scenes).SelectMany(i => Of(this.scenes.Scene(i), new(Stream | (uint)seed, (ulong)i), level).Select(one =>
            (Scene: i, one.Question, one.Answer, one.Type))).Index().Select(entry => new AnsweredQuestion(entry.Index + 1, entry.Item.Scene,
                entry.Item.Question, [.. Enumerable.Repeat(entry.Item.Answer, People)], entry.Item.Type))];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => questions.Length;

    /// <inheritdoc/>
    public AnsweredQuestion Question(int index) => questions[index];

    /// <inheritdoc/>
    public RgbImage ReadImage(int index) => scenes.Scene((int)questions[index].ImageId).Draw();

    static IEnumerable<(string Question, string Answer, string Type)> Of(DemoScene scene, Philox random, DemoLevel level)
    {
        var items = scene.Objects;
        var item = items[random.NextInt(items.Count)];
        if (items.Count(other => other.Shape == item.Shape) == 1)
            yield return ($"what colour is the {Word(item.Shape)}?", Word(item.Colour), "colour");
        yield return ($"which shape is {Word(item.Colour)}?", Word(item.Shape), "shape");
        yield return Exists(items, random, DemoClasses.Of(level));
        if (level == DemoLevel.Plain) yield break;
        yield return ("how many shapes are there?", $"{items.Count}", "count");
        if (items.Count != 2) yield break;
        var (first, second) = random.NextInt(2) == 0 ? (items[0], items[1]) : (items[1], items[0]);
        // "left of" is answered in one word.
        var (there, back) = DemoCaptions.Relation(items[0], items[1]);
        yield return ($"where is the {Word(first.Colour)} shape from the {Word(second.Colour)} shape?",
            (first == items[0] ? there : back).Split(' ')[0], "relation");
    }

    // Half of them are there; one that is not differs from one that is by its colour or by its shape.
    static (string, string, string) Exists(IReadOnlyList<DemoObject> items, Philox random, DemoClasses kinds)
    {
        var item = items[random.NextInt(items.Count)];
        var (colour, shape) = (item.Colour, item.Shape);
        bool there = random.NextInt(2) == 0, other = random.NextInt(2) == 0;
        while (!there && items.Any(one => one.Colour == colour && one.Shape == shape))
            if (other) colour = Enum.GetValues<DemoColour>()[random.NextInt(Enum.GetValues<DemoColour>().Length)];
            else shape = kinds.Shapes[random.NextInt(kinds.Shapes.Count)];
        return ($"is there {DemoCaptions.A($"{Word(colour)} {Word(shape)}")}?", there ? "yes" : "no", "exists");
    }
}
