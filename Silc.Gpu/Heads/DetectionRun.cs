namespace Silc;

/// <summary>
/// Trains a detection head on frozen features: the tower sees each image once, the head in every epoch. With a folder it leaves checkpoints and
/// <c>head.safetensors</c>; a run that goes on from a checkpoint ends with the bits of one that was left alone.
/// </summary>
/// <example>
/// <code>
/// var things = new CocoSource("annotations/instances_train2017.json");
/// using var head = DetectionHead.Create(model, things.Truth.Classes().Names);
/// using var run = new DetectionRun(head, things, new HeadTrainConfig(Steps: 3000, BatchSize: 16, LearningRate: 1e-3));
/// run.Run(report => Console.WriteLine($"{report.Step}: {report.Loss:F3}"), reportEvery: 50);
/// head.Save("finder.safetensors");
/// </code>
/// </example>
/// <remarks>Threads: one calls <see cref="Run"/>; meanwhile others may use the model.</remarks>
public sealed class DetectionRun : IDisposable
{
    readonly DetectionHead head;
    readonly DetectionExamples examples;
    readonly DetectionUpload upload;
    readonly HeadLoop loop;

    /// <summary>Reads the images, computes their features, and measures and allocates the memory of a step.</summary>
    /// <param name="head">Is trained in place, and not disposed.</param>
    /// <param name="source">Images with things; categories that the head is not made for are left out.</param>
    /// <param name="config">How it is trained; its loss is that of detection.</param>
    /// <param name="folder">Of <see cref="RunFolder.ForHead"/>; null writes nothing. It is not disposed.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images whose features are there.</param>
    /// <param name="stop">Ends the reading of images.</param>
    /// <param name="featureCache">A folder that keeps features of the frozen tower for other trainings on the same images; null keeps none.</param>
    /// <exception cref="ArgumentException">A value does not fit, or the checkpoint to go on from is of another training.</exception>
    /// <exception cref="InvalidDataException">The images or things are wrong, or nothing is there to learn; the message names one.</exception>
    public DetectionRun(DetectionHead head, IInstanceSource source, HeadTrainConfig config, RunFolder? folder = null, double maxBadShare = 0.1,
        Action<long>? seen = null, CancellationToken stop = default, string? featureCache = null)
    {
        this.head = head;
        config.Check();
        var data = new DataState(source.Name, source.Count);
        var known = source.Truth.Classes().Names;
        if (head.Description.Seen.FirstOrDefault(name => !known.Contains(name)) is { } missing)
            throw new ArgumentException($"the head is for the class '{missing}', which {source.Name} does not have: it has "
                + string.Join(", ", known.Take(10)));
        // Before the images are read: that is long, and in vain if the checkpoint is of another training.
        var start = HeadLoop.Start(head, config, data, folder);
        var classes = ClassList.Of(head.Description.Seen);
        HeadTexts.Check(classes, head.Model.Tokenizer);
        var texts = head.Prototypes(classes).Rows;
        examples = new(head, source, maxBadShare, seen, stop, config, featureCache);
        try
        {
            var (mean, deviation) = examples.Standard();
            head.SetStandard(mean, deviation);
            using (head.Model.Exclusive()) upload = new(head, examples, texts, config, Math.Min(config.BatchSize, examples.Count));
            loop = new(head, config, config.OptimizerOf(head.Tuned?.Rules), data, folder, start, examples.Count,
                (pass, loss) => Step(pass, upload.Measuring, loss), Queue, examples.KeyOf, "images");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Steps done.</summary>
    public long Steps => head.Steps;

    /// <summary>Images that it is trained on.</summary>
    public int Images => examples.Count;

    /// <summary>Images without a thing.</summary>
    public int Empty => examples.Empty;

    /// <summary>Things that are left out: the smallest of images with more things than patches.</summary>
    public int TooMany => examples.TooMany;

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => examples.Unread;

    /// <summary>Trains to the last step, or until <paramref name="stop"/> asks; can be called again to go on.</summary>
    /// <param name="report">Is told every <paramref name="reportEvery"/> steps, and at the end.</param>
    /// <param name="reportEvery">Steps between reports.</param>
    /// <param name="stop">Ends the run with the step at hand.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient was not finite; the message names step and images.</exception>
    /// <exception cref="IOException">A checkpoint could not be written.</exception>
    /// <exception cref="ArgumentException"><paramref name="reportEvery"/> is not positive.</exception>
    public RunEnd Run(Action<HeadReport>? report = null, int reportEvery = 10, CancellationToken stop = default) =>
        loop.Run(report, reportEvery, stop);

    void Queue(Pass pass, long epoch, IReadOnlyList<int> images, Tensor loss) => Step(pass, upload.Send(images, Steps), loss);

    // Where the image tower is tuned a batch has pixels in the place of tokens.
    void Step(Pass pass, DetectionBatch batch, Tensor loss)
    {
        if (head.Tuned is null) head.Step(pass, batch, loss);
        else head.Tuned.Step(pass, batch.Tokens, head.Description.Resolution, DetectionHead.Reads, batch.Prompts,
            (features, gradients, texts, dTexts) => head.Step(pass, batch with
            {
                Tokens = features?[0] ?? batch.Tokens,
                Aligned = features?[1] ?? batch.Aligned,
                Gradients = gradients,
                Queries = dTexts.Count > 0 ? texts : batch.Queries,
                QueryGradient = dTexts,
            }, loss));
    }

    /// <summary>Frees what training needs; the head stays.</summary>
    public void Dispose()
    {
        using var exclusive = head.Model.Device.ExclusiveForRelease();
        // Some are null if the constructor failed.
        loop?.Dispose();
        upload?.Dispose();
        examples?.Dispose();
    }
}
