namespace Silc.Datasets;

/// <summary>
/// The demo's scenes with the box of every object, named by its colour: the least rectangle around its pixels. Threads: any number may call
/// <see cref="Read"/>.
/// </summary>
public sealed class DemoDetection : IInstanceSource
{
    readonly DemoSource scenes;

    /// <summary>Draws nothing yet but outlines, for the boxes.</summary>
    /// <param name="count">Number of scenes.</param>
    /// <param name="seed">Another seed draws other scenes.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="level">How hard they are.</param>
    /// <exception cref="ArgumentException">A number is not positive.</exception>
    public DemoDetection(int count, int seed, int size = 96, DemoLevel level = DemoLevel.Hard)
    {
        scenes = new(count, seed, size, level);
        var instances = new Instance[count][];
        ParallelLoop.Run(count, i => instances[i] = [.. Boxes(i)]);
        Truth = new($"demo, {DemoObject.Word(level)}, boxes by colour",
            [.. Enumerable.Range(0, count).Select(i => new DetectionImage(i + 1, $"scene {i}", size, size))],
            [.. Enum.GetValues<DemoColour>().Select(colour => new DetectionCategory(1 + (int)colour, DemoObject.Word(colour)))],
            [.. instances.SelectMany(own => own).Index().Select(entry => entry.Item with { Id = entry.Index + 1 })]);
    }

    /// <inheritdoc/>
    public string Name => Truth.Name;

    /// <inheritdoc/>
    public int Count => scenes.Count;

    /// <inheritdoc/>
    public DetectionTruth Truth { get; }

    /// <inheritdoc/>
    public DetectionImage InfoOf(int index) => Truth.Images[index];

    /// <inheritdoc/>
    public InstanceImage Read(int index)
    {
        var info = Truth.Images[index];
        return new($"demo scene {index}", info, scenes.Scene(index).Draw(), [.. Boxes(index)]);
    }

    IEnumerable<Instance> Boxes(int index)
    {
        var scene = scenes.Scene(index);
        return DemoBoxes.Of(scene).Select(one => new Instance(index + 1, 1 + (int)scene.Objects[one.Object].Colour, one.Box, one.Area));
    }
}
