namespace Silc;

/// <summary>The things of an image that a head is trained on.</summary>
/// <param name="Labels">Class of each, an index into the names of the training.</param>
/// <param name="Boxes">In shares of the image's square.</param>
/// <param name="Unasked">Classes of which the image may hold more than what is marked: as negatives they do not count.</param>
/// <param name="Negatives">Classes that somebody looked for in vain; null for none.</param>
sealed record DetectionThings(int[] Labels, Box[] Boxes, IReadOnlySet<int> Unasked, IReadOnlySet<int>? Negatives = null)
{
    /// <summary>Those of several images, or of one.</summary>
    public static DetectionThings Of(IReadOnlyList<DetectionThings> parts) => parts.Count == 1 ? parts[0]
        : new([.. parts.SelectMany(part => part.Labels)], [.. parts.SelectMany(part => part.Boxes)],
            parts.SelectMany(part => part.Unasked).ToHashSet(), parts.SelectMany(part => part.Negatives ?? new HashSet<int>()).ToHashSet());
}

/// <summary>
/// Images as a detection head is trained on them: features of the frozen tower, or pixels for one that is tuned, and things. Where steps see parts of
/// images, those are read and seen anew in each. Threads: one may ask for a batch, under the device's lock.
/// </summary>
sealed class DetectionExamples : IDisposable
{
    const int ImagesAtOnce = 16, Least = 100;

    readonly FeatureCache cache;
    readonly int[] floats;
    readonly DetectionHead head;
    readonly IInstanceSource source;
    readonly HeadTrainConfig? train;
    readonly FrozenTower tower;
    readonly List<string> keys = [];
    readonly List<int> places = [];
    readonly List<DetectionThings> things = [];
    readonly List<(string Key, string Reason)> unread = [];
    readonly Dictionary<long, int> labels;
    readonly double[] sums, squares;
    readonly int tokens;

    /// <summary>Reads all images and computes their features.</summary>
    /// <param name="head">What it is for; its classes are those of the training, other categories are left out.</param>
    /// <param name="source">Images with things.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images read.</param>
    /// <param name="stop">Ends the work.</param>
    /// <param name="train">Says what steps see of images; null means the whole.</param>
    /// <param name="folder">Keeps features for other trainings; null keeps none.</param>
    /// <exception cref="InvalidDataException">Too many images cannot be read, or there is no thing to learn.</exception>
    public DetectionExamples(DetectionHead head, IInstanceSource source, double maxBadShare, Action<long>? seen, CancellationToken stop,
        HeadTrainConfig? train = null, string? folder = null)
    {
        Require.Positive(source.Count, $"number of images of {source.Name}");
        var (config, side) = (head.Model.Config, head.Description.Resolution);
        floats = [.. DetectionHead.Reads.Select(feature => feature.Width(config) * feature.Rows(config, side))];
        tokens = TowerFeature.Tokens.Rows(config, side);
        (sums, squares) = (new double[config.Image.Width], new double[config.Image.Width]);
        var names = source.Truth.Classes().Names;
        labels = source.Truth.Categories.Index().Select(entry => (entry.Item.Id, Label: head.Description.Seen.ToList().IndexOf(names[entry.Index])))
            .Where(entry => entry.Label >= 0).ToDictionary(entry => entry.Id, entry => entry.Label);
        (this.head, this.source, this.train) = (head, source, train?.IsAugmented == true ? train : null);
        // A tower that is tuned sees the images in every step. Mean and spread of its tokens are those before the first one.
        if (head.Tuned?.Image is not null) floats = [side * side * 3];
        try
        {
            tower = new(head.Model, side, DetectionHead.Reads);
            cache = new(source.Count, this.train is null ? floats.Sum() : 0);
            using var store = folder is null ? null : new FeatureStore(folder, head.Model, tower, side, DetectionHead.Reads);
            int read = 0;
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
            {
                stop.ThrowIfCancellationRequested();
                InstanceImage[] examples = [.. indices.Select(index => Read(source, index)).OfType<InstanceImage>()];
                RequireFewUnread(source, read += indices.Length, maxBadShare);
                if (examples.Length == 0) continue;
                var pixels = DetectionPixels.Of([.. examples.Select(example => example.Image)], side, config.Images);
                // Mean and spread are those of whole images in any case.
                var features = store?.Run(pixels) ?? tower.Run(pixels);
                Sum(features[0]);
                Add(examples, this.train is not null ? [] : head.Tuned?.Image is null ? features : [new(pixels, side * side * 3)]);
                seen?.Invoke(read);
            }
            RequireFewUnread(source, source.Count, maxBadShare, atEnd: true);
            if (things.TrueForAll(image => image.Labels.Length == 0)) throw new InvalidDataException(
                $"{source.Name}: none of its {Count:N0} images has a thing of the classes {string.Join(", ", head.Description.Seen.Take(5))} with a "
                + "box of some size, so there is nothing to learn");
            Shorten(head.Grid * head.Grid);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Images that were read.</summary>
    public int Count => cache.Count;

    /// <summary>Those without a thing; all their tokens are negatives.</summary>
    public int Empty => things.Count(image => image.Labels.Length == 0);

    /// <summary>Things that are left out: the smallest of images with more things than tokens.</summary>
    public int TooMany { get; private set; }

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => unread;

    /// <summary>What an image is called.</summary>
    public string KeyOf(int index) => keys[index];

    /// <summary>The things of an image.</summary>
    public DetectionThings Things(int index) => things[index];

    /// <summary>Mean and standard deviation of each channel of the tokens, over all images.</summary>
    public (double[] Mean, double[] Deviation) Standard()
    {
        double rows = (double)Count * tokens;
        double[] mean = [.. sums.Select(sum => sum / rows)];
        return (mean, [.. squares.Select((square, c) => Math.Sqrt(Math.Max(0, square / rows - mean[c] * mean[c])))]);
    }

    /// <summary>
    /// What a step sees: for each feature all images one after another, or their pixels for a tower that is tuned; and the things there. A thing of
    /// which little is left has no box, and its class counts as not asked about.
    /// </summary>
    /// <exception cref="InvalidDataException">An image that was there cannot be read any more.</exception>
    public (float[][] Features, DetectionThings[] Things) Batch(IReadOnlyList<int> images, long step)
    {
        if (train is null) return (Features(images), [.. images.Select(Things)]);
        int side = head.Description.Resolution, each = side * side * 3;
        var (pixels, seen) = (new float[Tensor.RowsOf(images.Count, each)], new DetectionThings[images.Count]);
        var mosaics = images.Select((image, i) => HeadMosaic.Of(train, step, i, image, Count)).ToArray();
        ParallelLoop.Run(images.Count, i =>
        {
            var parts = new DetectionThings[mosaics[i].Images.Length];
            foreach (var (tile, image) in mosaics[i].Images.Index())
            {
                var view = HeadView.Of(train, step, i, tile);
                mosaics[i].Fill(view, DetectionPixels.Square(source.Read(places[image]).Image), tile, side, pixels.AsSpan(i * each, each));
                parts[tile] = mosaics[i].Of(Seen(things[image], view), tile, side);
            }
            seen[i] = Largest(DetectionThings.Of(parts), head.Grid * head.Grid);
        });
        Photometric.ToSigned(pixels);
        return (head.Tuned?.Image is not null ? [pixels] : [.. tower.Run(pixels).Select(feature => feature.Values.ToArray())], seen);
    }

    static DetectionThings Seen(DetectionThings all, HeadView view)
    {
        var found = all.Labels.Zip(all.Boxes, (label, box) => (Label: label, Seen: view.Of(box))).ToList();
        var kept = found.Where(one => one.Seen.Share >= HeadView.LeastLeft).ToList();
        return new([.. kept.Select(one => one.Label)], [.. kept.Select(one => one.Seen.Seen)],
            found.Where(one => one.Seen.Share is > 0 and < HeadView.LeastLeft).Select(one => one.Label).Concat(all.Unasked).ToHashSet(),
            all.Negatives);
    }

    /// <summary>Features of some images: for each feature all images one after another.</summary>
    float[][] Features(IReadOnlyList<int> images)
    {
        float[][] all = [.. floats.Select(each => new float[each * images.Count])];
        ParallelLoop.Run(images.Count, i =>
        {
            var row = new float[floats.Sum()];
            cache.Read(images[i], row);
            for (int f = 0, at = 0; f < floats.Length; at += floats[f++]) row.AsSpan(at, floats[f]).CopyTo(all[f].AsSpan(i * floats[f]));
        });
        return all;
    }

    void Sum(Vectors values)
    {
        for (int k = 0; k < values.Values.Length; k++)
        {
            double value = values.Values.Span[k];
            sums[k % sums.Length] += value;
            squares[k % sums.Length] += value * value;
        }
    }

    void Add(InstanceImage[] examples, Vectors[] features)
    {
        foreach (var (i, example) in examples.Index())
        {
            var row = new float[train is null ? floats.Sum() : 0];
            for (int f = 0, at = 0; f < features.Length; at += floats[f++])
                features[f].Values.Span.Slice(i * floats[f], floats[f]).CopyTo(row.AsSpan(at));
            cache.Add(row, []);
            keys.Add(example.Key);
            things.Add(ThingsOf(example));
        }
    }

    DetectionThings ThingsOf(InstanceImage example)
    {
        double side = Math.Max(example.Image.Width, example.Image.Height);
        var kept = new List<(int Label, Box Box)>();
        foreach (var instance in example.Instances)
            if (!instance.IsCrowd && labels.TryGetValue(instance.CategoryId, out int label)
                && instance.Box.Clip(example.Image.Width, example.Image.Height) is { } box)
                kept.Add((label, new(box.X / side, box.Y / side, box.Width / side, box.Height / side)));
        // Where a crowd is marked, or not everything, there may be more than what has a box.
        var unasked = example.Instances.Where(instance => instance.IsCrowd).Select(instance => instance.CategoryId)
            .Concat(example.Info.NotExhaustive ?? []).Where(labels.ContainsKey).Select(id => labels[id]).ToHashSet();
        var negatives = (example.Info.Negatives ?? []).Where(labels.ContainsKey).Select(id => labels[id]).ToHashSet();
        return new([.. kept.Select(thing => thing.Label)], [.. kept.Select(thing => thing.Box)], unasked, negatives);
    }

    // Every thing needs a token.
    void Shorten(int places)
    {
        for (int i = 0; i < things.Count; i++)
        {
            TooMany += Math.Max(0, things[i].Labels.Length - places);
            things[i] = Largest(things[i], places);
        }
    }

    static DetectionThings Largest(DetectionThings image, int places)
    {
        if (image.Labels.Length <= places) return image;
        int[] largest = [.. Enumerable.Range(0, image.Labels.Length).OrderByDescending(m => image.Boxes[m].Area).Take(places).Order()];
        return image with { Labels = [.. largest.Select(m => image.Labels[m])], Boxes = [.. largest.Select(m => image.Boxes[m])] };
    }

    InstanceImage? Read(IInstanceSource source, int index)
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
    void RequireFewUnread(IInstanceSource source, int read, double maxBadShare, bool atEnd = false)
    {
        if (unread.Count == 0 || !atEnd && read < Least || unread.Count <= maxBadShare * read && unread.Count < source.Count) return;
        throw new InvalidDataException($"{unread.Count:N0} of the first {read:N0} images of {source.Name} cannot be read, more than "
            + $"{maxBadShare:P0}: {string.Join("; ", unread.Take(3).Select(one => $"{one.Key}: {one.Reason}"))}. Repair the data");
    }

    public void Dispose()
    {
        // Null if the constructor failed.
        tower?.Dispose();
        cache?.Dispose();
    }
}
