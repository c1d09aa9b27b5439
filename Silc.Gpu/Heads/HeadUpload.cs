using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Device memory for the batch of a head's step, and what goes into it. Threads: one at a time, under the device's lock.</summary>
sealed class HeadUpload : IDisposable
{
    // The upper half of the key, apart from those of DataStreams.
    const ulong ClassStream = 16UL << 32;

    readonly Device device;
    readonly HeadExamples examples;
    readonly HeadTrainConfig train;
    readonly Vectors texts;
    readonly int prompts, places, classes, chosen;
    readonly (int Rows, int Cols)[] shapes;
    readonly MemoryBuffer1D<float, Stride1D.Dense>[] features;
    readonly MemoryBuffer1D<float, Stride1D.Dense> textMemory;
    readonly MemoryBuffer1D<int, Stride1D.Dense> labels;
    readonly PromptUpload? words;

    public HeadUpload(SegmentationHead head, HeadExamples examples, Vectors texts, ClassList names, HeadTrainConfig train, int batch)
    {
        (device, this.examples, this.texts, this.train, Batch) = (head.Model.Device, examples, texts, train, batch);
        (prompts, places) = (head.PromptsOfClass, head.Places);
        classes = texts.Count / prompts;
        chosen = train.ClassesAStep == 0 ? classes : Math.Min(classes, train.ClassesAStep);
        var (config, side) = (head.Model.Config, head.Description.Resolution);
        shapes = head.Tuned?.Image is not null ? [(batch, side * side * 3)]
            : [.. head.Reads.Select(feature => (batch * feature.Rows(config, side), feature.Width(config)))];
        features = new MemoryBuffer1D<float, Stride1D.Dense>[shapes.Length];
        try
        {
            foreach (var (f, (rows, cols)) in shapes.Index()) features[f] = device.Allocate((long)rows * cols, "a head's features");
            textMemory = device.Allocate((long)chosen * prompts * texts.Width, "class names");
            labels = device.Allocate<int>((long)batch * places, "labels");
            words = head.Tuned?.Text is null ? null : new(head.Model, HeadTexts.PromptsOf(head, names), chosen * prompts);
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
    public HeadBatch Measuring => new([.. shapes.Select(shape => new Tensor(default, shape.Rows, shape.Cols))], default,
        new(default, chosen * prompts, texts.Width), Batch, Batch * places, Prompts: words?.Measuring ?? default);

    /// <summary>Copies the batch of a step; nothing queued may use the one before.</summary>
    public HeadBatch Send(IReadOnlyList<int> images, long step)
    {
        var (seen, all) = examples.Batch(images, step);
        int[] names = Classes(all, step);
        if (names.Length < classes)
        {
            // Another class than those of this step is a negative of all of them.
            int[] place = [.. Enumerable.Repeat(names.Length, classes)];
            foreach (var (at, name) in names.Index()) place[name] = at;
            for (int i = 0; i < all.Length; i++)
                if (all[i] >= 0) all[i] = place[all[i]];
        }
        foreach (var (values, memory) in seen.Zip(features)) device.Upload<float>(values, memory.View.AsContiguous());
        device.Upload<int>(all, labels.View.AsContiguous());
        int[] asked = [.. names.SelectMany(name => Enumerable.Range(name * prompts, prompts))];
        var rows = texts.Rows(asked);
        device.Upload(rows.Values.Span, textMemory.View.AsContiguous());
        return new([.. shapes.Zip(features, (shape, memory) => new Tensor(memory.View.AsContiguous(), shape.Rows, shape.Cols))],
            labels.View.AsContiguous(), new(textMemory.View.AsContiguous(), rows.Count, texts.Width), images.Count, all.Count(label => label >= 0),
            Prompts: words?.Send(asked) ?? default);
    }

    // Those in the images first, then others by chance; in their order.
    int[] Classes(int[] labels, long step)
    {
        if (chosen == classes) return [.. Enumerable.Range(0, classes)];
        var random = new Philox(ClassStream | (uint)train.Seed, (ulong)step);
        var here = labels.Where(label => label >= 0).ToHashSet();
        return [.. Enumerable.Range(0, classes).Select(name => (name, Key: (here.Contains(name) ? -1 : 0) + random.NextDouble()))
            .OrderBy(one => one.Key).Take(chosen).Select(one => one.name).Order()];
    }

    public void Dispose()
    {
        foreach (var memory in features) device.Free(memory);
        device.Free(textMemory);
        device.Free(labels);
        words?.Dispose();
    }
}
