namespace Silc;

/// <summary>
/// Images as a head is trained on them: features of the frozen tower, or pixels for one that is tuned, and labels of places. Where steps see parts of
/// images, those are read and seen anew in each. Threads: one may ask for a batch, under the device's lock.
/// </summary>
sealed class HeadExamples : IDisposable
{
    const int ImagesAtOnce = 16;
    const double UsualBadShare = 0.1;

    readonly FeatureCache cache;
    readonly int[] floats;
    readonly SegmentationHead head;
    readonly ISegmentationSource source;
    readonly HeadTrainConfig? train;
    readonly FrozenTower? tower;
    readonly List<string> keys = [];
    readonly List<int> places = [];
    readonly List<(string Key, string Reason)> unread = [];

    /// <summary>Reads all images and computes their features.</summary>
    /// <param name="head">What it is for.</param>
    /// <param name="source">Images with labels.</param>
    /// <param name="maxBadShare">Share of images that cannot be read, of all, above which this throws.</param>
    /// <param name="seen">Is told the number of images read.</param>
    /// <param name="stop">Ends the work.</param>
    /// <param name="memory">Bytes of features that may be kept in memory.</param>
    /// <param name="train">Says what steps see of images; null means the whole.</param>
    /// <param name="folder">Keeps features for other trainings; null keeps none.</param>
    /// <exception cref="InvalidDataException">
    /// A label is not among the classes, too many images cannot be read, or no place of any image has a label.
    /// </exception>
    public HeadExamples(SegmentationHead head, ISegmentationSource source, double maxBadShare = UsualBadShare, Action<long>? seen = null,
        CancellationToken stop = default, long memory = FeatureCache.UsualLimit, HeadTrainConfig? train = null, string? folder = null)
    {
        Require.Positive(source.Count, $"number of images of {source.Name}");
        var (config, side) = (head.Model.Config, head.Description.Resolution);
        // A tower that is tuned sees the images in every step.
        floats = head.Tuned?.Image is not null ? [side * side * 3]
            : [.. head.Reads.Select(feature => feature.Width(config) * feature.Rows(config, side))];
        (this.head, this.source, this.train) = (head, source, train?.IsAugmented == true ? train : null);
        try
        {
            tower = head.Tuned?.Image is null ? new(head.Model, side, head.Reads) : null;
            cache = new(source.Count, this.train is null ? floats.Sum() : 0, memory);
            using var store = folder is null || tower is null || this.train is not null ? null
                : new FeatureStore(folder, head.Model, tower, side, head.Reads);
            int read = 0, each = side * side * 3;
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
            {
                stop.ThrowIfCancellationRequested();
                SegmentedImage[] examples = [.. indices.Select(index => Read(source, index)).OfType<SegmentedImage>()];
                RequireFewUnread(source, read += indices.Length, maxBadShare);
                if (examples.Length == 0) continue;
                foreach (var example in examples) RequireLabels(example, source.Classes.Count);
                if (this.train is not null)
                {
                    Add(head, examples, []);
                    seen?.Invoke(read);
                    continue;
                }
                var pixels = new float[Tensor.RowsOf(examples.Length, each)];
                Parallel.For(0, examples.Length, i =>
                    EvalImage.Whole(examples[i].Image, side, side, config.Images, pixels.AsSpan(i * each, each)));
                Photometric.ToSigned(pixels);
                Add(head, examples, store?.Run(pixels) ?? tower?.Run(pixels) ?? [new(pixels, each)]);
                seen?.Invoke(read);
            }
            RequireFewUnread(source, source.Count, maxBadShare, atEnd: true);
            if (Unlabelled == Count)
                throw new InvalidDataException($"{source.Name}: no place of its {Count:N0} images has a label that counts, so there is nothing to "
                    + "learn: look at what is ignored, at which classes are held out, and whether the background counts");
        }
        catch
        {
            Dispose();
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

    /// <summary>
    /// What a step sees: for each feature all images one after another, or their pixels for a tower that is tuned; and the labels of their places.
    /// </summary>
    /// <exception cref="InvalidDataException">An image that was there cannot be read any more.</exception>
    public (float[][] Features, int[] Labels) Batch(IReadOnlyList<int> images, long step)
    {
        if (train is null) return (Features(images), [.. images.SelectMany(Labels)]);
        int side = head.Description.Resolution, each = side * side * 3;
        var (pixels, labels) = (new float[Tensor.RowsOf(images.Count, each)], new int[images.Count][]);
        ParallelLoop.Run(images.Count, i =>
        {
            var (example, view) = (source.Read(places[images[i]]), HeadView.Of(train, step, i));
            view.Fill(example.Image, side, pixels.AsSpan(i * each, each));
            labels[i] = head.LabelsOf(view.Of(example.Labels));
        });
        Photometric.ToSigned(pixels);
        return (tower is null ? [pixels] : [.. tower.Run(pixels).Select(feature => feature.Values.ToArray())], [.. labels.SelectMany(of => of)]);
    }

    /// <summary>Features of some images: for each feature all images one after another.</summary>
    float[][] Features(IReadOnlyList<int> images)
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
            var row = new float[train is null ? floats.Sum() : 0];
            for (int f = 0, at = 0; f < features.Length; at += floats[f++])
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
            var example = source.Read(index);
            places.Add(index);
            return example;
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

    public void Dispose()
    {
        tower?.Dispose();
        // Null if the constructor failed.
        cache?.Dispose();
    }
}
