namespace Silc.Samples.Evaluation;

/// <summary>
/// Predictions of a segmentation as masks, for other programs: <c>FOLDER/map-values/street.png</c> and
/// <c>FOLDER/last-block-values/street.png</c>, whose grey values are the labels of the masks that they were compared with.
/// </summary>
/// <param name="folder">A new or empty folder.</param>
/// <param name="first">Label of the first class: 1 where label 0 does not count.</param>
sealed class PredictedMasks(string folder, int first)
{
    readonly HashSet<string> names = [];

    /// <summary>Masks written so far.</summary>
    public int Count { get; private set; }

    /// <summary>Opens the folder of <c>--predictions</c>.</summary>
    /// <exception cref="IOException">Something is in it.</exception>
    public static PredictedMasks In(string folder, int first)
    {
        if (File.Exists(folder) || Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"--predictions {folder} is not empty: name a new folder, so that masks of two models do not mix");
        return new(folder, first);
    }

    /// <summary>Writes one prediction.</summary>
    /// <param name="set">Where the image comes from, if there are several sets; else empty.</param>
    /// <param name="feature">What the prediction is made from.</param>
    /// <param name="key">Of the image: a path below the set.</param>
    /// <param name="predicted">Its labels.</param>
    public void Write(string set, string feature, string key, LabelMap predicted)
    {
        var path = Path.Combine(folder, set, feature.Replace(' ', '-'), Path.ChangeExtension(key, ".png"));
        // a.jpg and a.png would share a mask.
        if (!names.Add(path)) path = Path.Combine(folder, set, feature.Replace(' ', '-'), $"{key}.png");
        LabelMapFile.Write(path, first == 0 ? predicted : predicted.Map(label => label + first));
        Count++;
    }
}
