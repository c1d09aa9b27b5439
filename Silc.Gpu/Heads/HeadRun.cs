namespace Silc;

/// <summary>
/// Trains a head on frozen features: the tower sees each image once, the head in every epoch. With a folder it leaves checkpoints and
/// <c>head.safetensors</c>; a run that goes on from a checkpoint ends with the bits of one that was left alone.
/// </summary>
/// <example>
/// <code>
/// var masks = new MaskFolderSource("ade/train", ClassList.Read("ade.txt"), skipZero: true);
/// using var head = SegmentationHead.Create(model, HeadKind.Adapter, masks.Classes.Names);
/// using var run = new HeadRun(head, masks, new HeadTrainConfig(Steps: 600));
/// run.Run(report => Console.WriteLine($"{report.Step}: {report.Loss:F3}"), reportEvery: 50);
/// head.Save("adapter.safetensors");
/// </code>
/// </example>
/// <remarks>Threads: one calls <see cref="Run"/>; meanwhile others may use the model.</remarks>
public sealed class HeadRun : IDisposable
{
    readonly SegmentationHead head;
    readonly HeadTrainConfig train;
    readonly HeadExamples examples;
    readonly HeadUpload upload;
    readonly HeadLoop loop;

    /// <summary>Reads the images, computes their features, and measures and allocates the memory of a step.</summary>
    /// <param name="head">Is trained in place, and not disposed.</param>
    /// <param name="source">Images with the class of every pixel.</param>
    /// <param name="config">How it is trained.</param>
    /// <param name="folder">Of <see cref="RunFolder.ForHead"/>; null writes nothing. It is not disposed.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images whose features are there.</param>
    /// <param name="stop">Ends the reading of images.</param>
    /// <param name="featureCache">A folder that keeps features of the frozen tower for other trainings on the same images; null keeps none.</param>
    /// <exception cref="ArgumentException">A value does not fit, or the checkpoint to go on from is of another training.</exception>
    /// <exception cref="InvalidDataException">The images or labels are wrong; the message names one.</exception>
    public HeadRun(SegmentationHead head, ISegmentationSource source, HeadTrainConfig config, RunFolder? folder = null,
        double maxBadShare = 0.1, Action<long>? seen = null, CancellationToken stop = default, string? featureCache = null)
    {
        (this.head, train) = (head, config.Check());
        var data = new DataState(source.Name, source.Count);
        Require.That(source.Classes.Names.SequenceEqual(head.Description.Seen),
            $"the head is for the classes {string.Join(", ", head.Description.Seen)}, and {source.Name} has "
            + string.Join(", ", source.Classes.Names));
        head.RequireTraining(train, source.Classes.Count);
        train.RequireNoDetection();
        // Before the images are read: that is long, and in vain if the checkpoint is of another training.
        var start = HeadLoop.Start(head, train, data, folder);
        var texts = HeadTexts.Of(head, source.Classes);
        examples = new(head, source, maxBadShare, seen, stop, train: train, folder: featureCache);
        try
        {
            using (head.Model.Exclusive()) upload = new(head, examples, texts, source.Classes, train, Math.Min(train.BatchSize, examples.Count));
            loop = new(head, train, train.OptimizerOf(head.Tuned?.Rules), data, folder, start, examples.Count,
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

    /// <summary>Images without a labelled place, which add nothing to the loss.</summary>
    public int Unlabelled => examples.Unlabelled;

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => examples.Unread;

    /// <summary>Called before a checkpoint is written: flush here what must not be older than it on the disk.</summary>
    public Action? Saving
    {
        get => loop.Saving;
        set => loop.Saving = value;
    }

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

    void Step(Pass pass, HeadBatch batch, Tensor loss)
    {
        if (head.Tuned is null) head.Step(pass, batch, train, loss);
        else head.Tuned.Step(pass, batch.Features[0], head.Description.Resolution, head.Reads, batch.Prompts, (features, gradients, texts, dTexts) =>
            head.Step(pass, batch with
            {
                Features = features ?? batch.Features,
                Gradients = gradients,
                Texts = dTexts.Count > 0 ? texts : batch.Texts,
                TextGradient = dTexts,
            }, train, loss));
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
