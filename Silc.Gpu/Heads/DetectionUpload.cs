using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Device memory for the batch of a detection step, and what goes into it. Threads: one at a time, under the device's lock.</summary>
sealed class DetectionUpload : IDisposable
{
    // The upper half of the key, apart from those of DataStreams and of other heads.
    const ulong NameStream = 17UL << 32;

    readonly Device device;
    readonly DetectionExamples examples;
    readonly HeadTrainConfig train;
    readonly Vectors texts;
    readonly int places, width, asked, side;
    readonly bool tuned;
    readonly MemoryBuffer1D<float, Stride1D.Dense> tokens, aligned, queries, weights, boxes, boxWeights, things;
    readonly MemoryBuffer1D<int, Stride1D.Dense> targets;
    readonly PromptUpload? words;
    readonly NamePool? pool;

    public DetectionUpload(DetectionHead head, DetectionExamples examples, Vectors texts, HeadTrainConfig train, int batch)
    {
        (device, this.examples, this.texts, this.train, Batch) = (head.Model.Device, examples, texts, train, batch);
        (places, width) = (head.Grid * head.Grid, head.Description.Width);
        // A pool asks about other names in each image.
        asked = (int)Math.Min(texts.Count, train.Negatives > 0 ? (long)batch * NamePool.Most : NamePool.Most);
        pool = train.Negatives == 0 ? null
            : new(texts.Count, train, new(examples.Count, batch, train.Seed), image => examples.Things(image).Labels);
        // Where the tower is tuned, images stand in the place of tokens.
        side = head.Description.Resolution;
        tuned = head.Tuned?.Image is not null;
        long rows = (long)batch * places;
        MemoryBuffer1D<float, Stride1D.Dense> Floats(long count) => device.Allocate(count, "a detection head's batch");
        try
        {
            tokens = Floats(tuned ? (long)batch * side * side * 3 : rows * width);
            aligned = Floats(tuned ? 1 : rows * texts.Width);
            queries = Floats((long)asked * texts.Width);
            weights = Floats(rows);
            boxes = Floats(4 * rows);
            boxWeights = Floats(rows);
            things = Floats(rows);
            targets = device.Allocate<int>(rows * asked, "targets");
            var told = head.Description;
            words = head.Tuned?.Text is null ? null
                : new(head.Model, ClassPrototypes.PromptsOf(ClassList.Of(told.Seen), told.Templates, AliasUse.First, told.Canonical), asked);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Images of a step.</summary>
    public int Batch { get; }

    /// <summary>A batch without memory, to measure a step by.</summary>
    public DetectionBatch Measuring
    {
        get
        {
            int rows = Batch * places;
            return new(tuned ? new(default, Batch, side * side * 3) : new(default, rows, width), new(default, rows, texts.Width),
                new(default, asked, texts.Width), default,
                new(default, rows, 1), new(default, rows, 4), new(default, rows, 1), new(default, rows, 1), Batch, null,
                Prompts: words?.Measuring ?? default);
        }
    }

    /// <summary>Copies the batch of a step; nothing queued may use the one before.</summary>
    public DetectionBatch Send(IReadOnlyList<int> images, long step)
    {
        int rows = images.Count * places;
        var (features, all) = examples.Batch(images, step);
        var own = pool?.Of(all, step);
        int[] names = own is null || own.All(one => one.Length == 0) ? Names(all, step) : [.. own.SelectMany(one => one).Distinct().Order()];
        device.Upload<float>(features[0], tokens.View.AsContiguous());
        if (!tuned) device.Upload<float>(features[1], aligned.View.AsContiguous());
        device.Upload(texts.Rows(names).Values.Span, queries.View.AsContiguous());
        return new(tuned ? Of(tokens, images.Count, side * side * 3) : Of(tokens, rows, width),
            tuned ? default : Of(aligned, rows, texts.Width), Of(queries, names.Length, texts.Width), targets.View.AsContiguous(),
            Of(weights, rows, 1), Of(boxes, rows, 4), Of(boxWeights, rows, 1), Of(things, rows, 1), images.Count,
            (logits, found) => Match(logits, found, all, names, own), Prompts: words?.Send(names) ?? default);
    }

    static Tensor Of(MemoryBuffer1D<float, Stride1D.Dense> memory, int rows, int cols) => new(memory.View.AsContiguous(), rows, cols);

    // Those of the images first, then others by chance; in their order.
    int[] Names(DetectionThings[] images, long step)
    {
        if (asked == texts.Count) return [.. Enumerable.Range(0, asked)];
        var random = new Philox(NameStream | (uint)train.Seed, (ulong)step);
        var here = images.SelectMany(image => image.Labels).ToHashSet();
        return [.. Enumerable.Range(0, texts.Count).Select(name => (name, Key: (here.Contains(name) ? -1 : 0) + random.NextDouble()))
            .OrderBy(one => one.Key).Take(asked).Select(one => one.name).Order()];
    }

    void Match(Tensor logits, Tensor found, DetectionThings[] images, int[] names, int[][]? own)
    {
        var (values, raw) = (device.Download(logits.View.SubView(0, logits.Count)), device.Download(found.View.SubView(0, found.Count)));
        var goals = DetectionTargets.Of(values, raw, [.. images.Select((image, i) => Asked(image, names, own?[i]))], places, names.Length);
        device.Upload<int>(goals.Names, targets.View.SubView(0, goals.Names.Length).AsContiguous());
        device.Upload<float>(goals.Weights, weights.View.SubView(0, goals.Weights.Length).AsContiguous());
        device.Upload<float>(goals.Boxes, boxes.View.SubView(0, goals.Boxes.Length).AsContiguous());
        device.Upload<float>(goals.BoxWeights, boxWeights.View.SubView(0, goals.BoxWeights.Length).AsContiguous());
        device.Upload<float>(goals.Things, things.View.SubView(0, goals.Things.Length).AsContiguous());
    }

    // The same things by places among the names of this step, of which the image may be asked about its own alone.
    static (IReadOnlyList<IReadOnlyList<int>> Names, IReadOnlyList<Box> Boxes, IReadOnlySet<int> Unasked) Asked(DetectionThings image, int[] names,
        int[]? own)
    {
        var kept = image.Labels.Zip(image.Boxes).Select(thing => (Place: Array.IndexOf(names, thing.First), thing.Second))
            .Where(thing => thing.Place >= 0).ToList();
        return ([.. kept.Select(thing => (IReadOnlyList<int>)[thing.Place])], [.. kept.Select(thing => thing.Second)],
            image.Unasked.Select(label => Array.IndexOf(names, label)).Where(place => place >= 0)
                .Concat(own is null ? [] : Enumerable.Range(0, names.Length).Where(place => !own.Contains(names[place]))).ToHashSet());
    }

    public void Dispose()
    {
        foreach (var memory in new[] { tokens, aligned, queries, weights, boxes, boxWeights, things }) device.Free(memory);
        device.Free(targets);
        words?.Dispose();
    }
}
