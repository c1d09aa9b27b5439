using static Silc.Datasets.DemoObject;

namespace Silc.Datasets;

/// <summary>
/// The demo's scenes with sentences that speak of one object: "a red star", or where two lie to each other "a red star left of a blue circle", which
/// is the first. A sentence that several objects answer to is not there. Threads: any number may call.
/// </summary>
sealed class DemoReferences : IReferenceSource
{
    readonly DemoSource scenes;
    readonly ReferredThing[] things;
    readonly int size;

    /// <summary>Draws nothing yet but outlines, for the boxes.</summary>
    /// <param name="scenes">Number of scenes.</param>
    /// <param name="seed">Another seed draws other scenes.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="level">How hard they are.</param>
    public DemoReferences(int scenes, int seed, int size = 96, DemoLevel level = DemoLevel.Hard)
    {
        (this.scenes, this.size) = (new(scenes, seed, size, level), size);
        Name = $"demo, {Word(level)}, sentences";
        var all = new List<(string Sentence, Box Box)>[scenes];
        ParallelLoop.Run(scenes, i => all[i] = [.. Of(this.scenes.Scene(i))]);
        things = [.. all.Index().SelectMany(scene => scene.Item.Select(one => (Scene: scene.Index, one.Sentence, one.Box))).Index()
            .Select(entry => new ReferredThing(entry.Index + 1, entry.Item.Scene, entry.Item.Sentence, entry.Item.Box))];
    }

    public string Name { get; }

    public int Count => things.Length;

    public ReferredThing Thing(int index) => things[index];

    public (int Width, int Height) SizeOf(int index) => (size, size);

    public RgbImage ReadImage(int index) => scenes.Scene((int)things[index].ImageId).Draw();

    static IEnumerable<(string, Box)> Of(DemoScene scene)
    {
        var (items, boxes) = (scene.Objects, DemoBoxes.Of(scene).ToDictionary(one => one.Object, one => one.Box));
        foreach (var (k, item) in items.Index())
            if (boxes.TryGetValue(k, out var box) && items.Count(other => other.Colour == item.Colour && other.Shape == item.Shape) == 1)
                yield return (DemoCaptions.A(item.Name), box);
        if (items.Count != 2 || items[0].Name == items[1].Name) yield break;
        var (there, back) = DemoCaptions.Relation(items[0], items[1]);
        if (boxes.TryGetValue(0, out var first)) yield return ($"{DemoCaptions.A(items[0].Name)} {there} {DemoCaptions.A(items[1].Name)}", first);
        if (boxes.TryGetValue(1, out var second)) yield return ($"{DemoCaptions.A(items[1].Name)} {back} {DemoCaptions.A(items[0].Name)}", second);
    }
}
