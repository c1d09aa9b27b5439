namespace Silc;

/// <summary>Images as a head is trained on them: features of the frozen tower, and labels of places. Threads: any number may read it.</summary>
sealed class HeadExamples : IDisposable
{
    const int ImagesAtOnce = 16;
    const double UsualBadShare = 0.1;

    readonly FeatureCache cache;
    readonly int[] floats;
    readonly List<string> keys = [];
    readonly List<(string Key, string Reason)> unread = [];

    /// <summary>Reads all images and computes their features.</summary>
    /// <param name="head">What it is for.</param>
    /// <param name="source">Images with labels.</param>
    /// <param name="maxBadShare">Share of images that cannot be read, of all, above which this throws.</param>
    /// <param name="seen">Is told the number of images read.</param>
    /// <param name="stop">Ends the work.</param>
    /// <param name="memory">Bytes of features that may be kept in memory.</param>
    /// <exception cref="InvalidDataException">
    /// A label is not among the classes, too many images cannot be read, or no place of any image has a label.
    /// </exception>
    public HeadExamples(SegmentationHead head, ISegmentationSource source, double maxBadShare = UsualBadShare, Action<long>? seen = null,
        CancellationToken stop = default, long memory = FeatureCache.UsualLimit)
    {
        Require.Positive(source.Count, $"number of images of {source.Name}");
        var (config, side) = (head.Model.Config, head.Description.Resolution);
        // A tower that is tuned sees the images in every step.
        floats = head.Tuned is not null ? [side * side * 3] : [.. head.Reads.Select(feature => feature.Width(config) * feature.Rows(config, side))];
        using var tower = head.Tuned is null ? new FrozenTower(head.Model, side, head.Reads) : null;
        cache = new(source.Count, floats.Sum(), memory);
        try
        {
            int read = 0, each = side * side * 3;
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
            {
                stop.ThrowIfCancellationRequested();
                SegmentedImage[] examples = [.. indices.Select(index => Read(source, index)).OfType<SegmentedImage>()];
                RequireFewUnread(source, read += indices.Length, maxBadShare);
                if (examples.Length == 0) continue;
                foreach (var example in examples) RequireLabels(example, source.Classes.Count);
                var pixels = new float[examples.Length * each];
                Parallel.For(0, examples.Length, i =>
                    EvalImage.Whole(examples[i].Image, side, side, config.Images, pixels.AsSpan(i * each, each)));
                Photometric.ToSigned(pixels);
                Add(head, examples, tower?.Run(pixels) ?? [new(pixels, each)]);
                seen?.Invoke(read);
            }
            RequireFewUnread(source, source.Count, maxBadShare, atEnd: true);
            if (Unlabelled == Count)
                throw new InvalidDataException($"{source.Name}: no place of its {Count:N0} images has a label that counts, so there is nothing to "
                    + "learn: look at what is ignored, at which classes are held out, and whether the background counts");
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>Images that were read.</summary>
    public int Count => cache.Count;

    /// <summary>Those without any labelled place; they add nothing to the loss.</summary>
    public int Unlabelled { get; private set; }

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => unread;

    /// <summary>Whether the features lie on the disk.</summary>
    public bool IsOnDisk => cache.IsOnDisk;

    /// <summary>What an image is called.</summary>
    public string KeyOf(int index) => keys[index];

    /// <summary>Labels of an image's places.</summary>
    public int[] Labels(int index) => cache.Labels(index);

    /// <summary>Features of some images: for each feature all images one after another.</summary>
    public float[][] Features(IReadOnlyList<int> images)
    {
        float[][] all = [.. floats.Select(each => new float[each * images.Count])];
        Parallel.For(0, images.Count, i =>
        {
            var row = new float[floats.Sum()];
            cache.Read(images[i], row);
            for (int f = 0, at = 0; f < floats.Length; at += floats[f++]) row.AsSpan(at, floats[f]).CopyTo(all[f].AsSpan(i * floats[f]));
        });
        return all;
    }

    void Add(SegmentationHead head, SegmentedImage[] examples, Vectors[] features)
    {
        foreach (var (i, example) in examples.Index())
        {
            var row = new float[floats.Sum()];
            for (int f = 0, at = 0; f < floats.Length; at += floats[f++])
                features[f].Values.Span.Slice(i * floats[f], floats[f]).CopyTo(row.AsSpan(at));
            var labels = head.LabelsOf(example.Labels);
            if (!Array.Exists(labels, label => label >= 0)) Unlabelled++;
            cache.Add(row, labels);
            keys.Add(example.Key);
        }
    }

    SegmentedImage? Read(ISegmentationSource source, int index)
    {
        try
        {
            return source.Read(index);
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            unread.Add(($"image {index}", error.Message.ReplaceLineEndings(" ")));
            return null;
        }
    }

    // As in training: a few bad images are left out, many are a mistake.
    void RequireFewUnread(ISegmentationSource source, int read, double maxBadShare, bool atEnd = false)
    {
        const int Least = 100;
        if (unread.Count == 0 || !atEnd && read < Least || unread.Count <= maxBadShare * read && unread.Count < source.Count) return;
        throw new InvalidDataException($"{unread.Count:N0} of the first {read:N0} images of {source.Name} cannot be read, more than "
            + $"{maxBadShare:P0}: {string.Join("; ", unread.Take(3).Select(one => $"{one.Key}: {one.Reason}"))}. Repair the data");
    }

    static void RequireLabels(SegmentedImage example, int classes)
    {
        int at = Array.FindIndex(example.Labels.Labels, label => label >= classes), width = example.Labels.Width;
        if (at >= 0)
            throw new InvalidDataException($"{example.Key}: the label {example.Labels.Labels[at]} at pixel ({at % width}, {at / width}) is not among "
                + $"the {classes} classes, 0 to {classes - 1}; name it in the list of classes, or ignore it");
    }

    public void Dispose() => cache.Dispose();
}
