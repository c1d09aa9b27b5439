namespace Silc.Datasets;

/// <summary>
/// Scenes of two objects with two sentences each that differ in how these lie: "a red star left of a blue circle", which is true, and the same with
/// "right of", which is not. No word of one object tells them apart. Threads: any number may read.
/// </summary>
sealed class DemoRelations
{
    readonly (DemoScene Scene, string True, string False)[] pairs;

    /// <param name="scenes">Scenes that are looked through; those of one or three objects, and of two alike, have no such sentences.</param>
    /// <param name="seed">Another seed draws other scenes.</param>
    /// <param name="size">Side of the images in pixels.</param>
    /// <param name="level">Only <see cref="DemoLevel.Hard"/> has two objects.</param>
    public DemoRelations(int scenes, int seed, int size, DemoLevel level)
    {
        var source = new DemoSource(scenes, seed, size, level);
        pairs = [.. Enumerable.Range(0, scenes).Select(source.Scene).Where(scene => scene.Objects is [var a, var b] && a.Name != b.Name).Index()
            .Select(entry => Pair(entry.Item, turned: entry.Index % 2 == 1))];
    }

    // Scenes list objects from the left and from above, so that "left of", "above" and "around" would always be true, and a tower that likes one word
    // of two better would pass or fail by that: half of the sentences begin with the other object.
    static (DemoScene, string, string) Pair(DemoScene scene, bool turned)
    {
        var (first, second) = turned ? (scene.Objects[1], scene.Objects[0]) : (scene.Objects[0], scene.Objects[1]);
        var (there, back) = DemoCaptions.Relation(scene.Objects[0], scene.Objects[1]);
        if (turned) (there, back) = (back, there);
        string Sentence(string relation) => $"{DemoCaptions.A(first.Name)} {relation} {DemoCaptions.A(second.Name)}";
        return (scene, Sentence(there), Sentence(back));
    }

    /// <summary>Number of scenes with sentences.</summary>
    public int Count => pairs.Length;

    /// <summary>The sentences that are true, and those that are not.</summary>
    public (string[] True, string[] False) Sentences => ([.. pairs.Select(pair => pair.True)], [.. pairs.Select(pair => pair.False)]);

    /// <summary>The images, drawn as they are asked for.</summary>
    public IEnumerable<RgbImage> Images => pairs.Select(pair => pair.Scene.Draw());
}
