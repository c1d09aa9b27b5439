using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

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
    const string StateArray = "step_state";

    readonly SegmentationHead head;
    readonly HeadTrainConfig train;
    readonly TrainConfig optimizing;
    readonly RunFolder? folder;
    readonly DataState data;
    readonly HeadExamples examples;
    readonly HeadUpload upload;
    readonly EpochOrder order;
    readonly AdamW optimizer;
    readonly StepState state;
    readonly MemoryBuffer1D<float, Stride1D.Dense> loss;
    readonly Arena arena;
    readonly Pass pass;
    readonly Stopwatch sinceSave = Stopwatch.StartNew();
    long savedStep = -1;

    /// <summary>Reads the images, computes their features, and measures and allocates the memory of a step.</summary>
    /// <param name="head">Is trained in place, and not disposed.</param>
    /// <param name="source">Images with the class of every pixel.</param>
    /// <param name="config">How it is trained.</param>
    /// <param name="folder">Of <see cref="RunFolder.ForHead"/>; null writes nothing. It is not disposed.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images whose features are there.</param>
    /// <param name="stop">Ends the reading of images.</param>
    /// <exception cref="ArgumentException">A value does not fit, or the checkpoint to go on from is of another training.</exception>
    /// <exception cref="InvalidDataException">The images or labels are wrong; the message names one.</exception>
    public HeadRun(SegmentationHead head, ISegmentationSource source, HeadTrainConfig config, RunFolder? folder = null,
        double maxBadShare = 0.1, Action<long>? seen = null, CancellationToken stop = default)
    {
        (this.head, train, optimizing, this.folder) = (head, config.Check(), config.Optimizer, folder);
        data = new(source.Name, source.Count);
        Require.That(source.Classes.Names.SequenceEqual(head.Description.Seen),
            $"the head is for the classes {string.Join(", ", head.Description.Seen)}, and {source.Name} has "
            + string.Join(", ", source.Classes.Names));
        head.RequireTraining(train, source.Classes.Count);
        var start = folder is { Resumes: true } ? Newest(folder) : null;
        start?.Require(head.Description, train, data);
        var device = head.Model.Device;
        var texts = HeadTexts.Of(head, source.Classes);
        examples = new(head, source, maxBadShare, seen, stop);
        try
        {
            int batch = Math.Min(train.BatchSize, examples.Count);
            order = new(examples.Count, batch, train.Seed);
            using var exclusive = head.Model.Exclusive();
            head.Parameters.AllocateGradients();
            optimizer = new(head.Parameters, optimizing);
            state = new(device);
            loss = device.Allocate(1, "a head's loss");
            upload = new(head, examples, texts, train, batch);
            arena = Arena.Allocate(device, Arena.Measure(device, arena => head.Step(new(device.Ops, arena), upload.Measuring, train, LossCell)));
            pass = new(device.Ops, arena);
            if (start is not null) Load(start);
            folder?.Begin(sizeof(float) * 3 * head.ParameterCount + 65536, sizeof(float) * head.ParameterCount + 65536);
            if (start is not null) savedStep = start.Step;
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
    public Action? Saving { get; set; }

    Tensor LossCell => new(loss.View.AsContiguous(), 1, 1);

    /// <summary>Trains to the last step, or until <paramref name="stop"/> asks; can be called again to go on.</summary>
    /// <param name="report">Is told every <paramref name="reportEvery"/> steps, and at the end.</param>
    /// <param name="reportEvery">Steps between reports.</param>
    /// <param name="stop">Ends the run with the step at hand.</param>
    /// <exception cref="TrainingDivergedException">A loss or gradient was not finite; the message names step and images.</exception>
    /// <exception cref="IOException">A checkpoint could not be written.</exception>
    /// <exception cref="ArgumentException"><paramref name="reportEvery"/> is not positive.</exception>
    public RunEnd Run(Action<HeadReport>? report = null, int reportEvery = 10, CancellationToken stop = default)
    {
        Require.Positive(reportEvery, "steps between reports");
        var clock = Stopwatch.StartNew();
        var (since, sinceStep) = (clock.Elapsed, Steps);
        while (true)
        {
            if (Steps > sinceStep && (Steps >= train.Steps || stop.IsCancellationRequested || Steps % reportEvery == 0))
            {
                var (steps, seconds) = (Steps - sinceStep, (clock.Elapsed - since).TotalSeconds);
                report?.Invoke(Report(steps * upload.Batch / seconds, clock.Elapsed, TimeSpan.FromSeconds((train.Steps - Steps) * seconds / steps)));
                (since, sinceStep) = (clock.Elapsed, Steps);
            }
            RunEnd? end = Steps >= train.Steps ? RunEnd.Finished : stop.IsCancellationRequested ? RunEnd.Stopped : null;
            if (end is not null || Steps > 0 && folder?.Policy.IsDue(Steps, sinceSave.Elapsed) == true) Save();
            if (end is { } why)
            {
                if (folder is { Replaces: false }) head.Save(folder.At(HeadFile.Name));
                return why;
            }
            Step();
            if (folder is { Replaces: true }) folder.Began();
        }
    }

    void Step()
    {
        var images = order.Of(Steps).Samples;
        using var exclusive = head.Model.Exclusive();
        var ops = head.Model.Device.Ops;
        var batch = upload.Send(images, Steps);
        var schedule = optimizing.Schedule.At(Steps, train.Steps);
        state.Set(train.LearningRate * schedule, train.WeightDecay * schedule);
        arena.Reset();
        head.Parameters.ZeroGrads();
        ops.Fill(LossCell, 0);
        head.Step(pass, batch, train, LossCell);
        ops.GradNorm(head.Parameters.Grads, LossCell, state, (float)train.ClipNorm, (float)optimizing.Beta1, (float)optimizing.Beta2);
        optimizer.Step(state, null, default);
        head.Steps++;
        if (state.Read()[StepState.SkippedInRow] == 0) return;
        throw new TrainingDivergedException($"the loss of step {Steps} or its gradient is not finite; its images are "
            + $"{string.Join(", ", images.Select(examples.KeyOf))}. Nothing was updated in it: lower the learning rate, or look at these images");
    }

    HeadReport Report(double speed, TimeSpan elapsed, TimeSpan remaining)
    {
        using var exclusive = head.Model.Exclusive();
        var values = state.Read();
        state.ResetSums();
        var counted = Math.Max(1, values[StepState.Counted]);
        return new(Steps, train.Steps, values[StepState.FirstSums] / counted, values[StepState.SumNorm] / counted,
            train.LearningRate * optimizing.Schedule.At(Math.Max(0, Steps - 1), train.Steps), speed, elapsed, remaining);
    }

    void Save()
    {
        if (folder is null or { Replaces: true } || Steps == savedStep) return;
        folder.RequireOwned(Steps);
        Saving?.Invoke();
        List<NamedArray> arrays;
        using (head.Model.Exclusive())
            arrays = [.. head.Parameters.ToArrays(), .. optimizer.ToArrays(), new(StateArray, [StepState.Size], state.Read())];
        folder.Add(Steps, path => new HeadFile(path, head.Description, Steps, train, data).Write(arrays));
        savedStep = Steps;
        sinceSave.Restart();
    }

    void Load(HeadFile start)
    {
        var arrays = start.Arrays();
        head.Parameters.Load(arrays, origin: start.Path);
        optimizer.Load(arrays, start.Path);
        state.Write(arrays.TryGetValue(StateArray, out var array) && array.Values.Length <= StepState.Size ? array.Values
            : throw new InvalidDataException($"{start.Path} lacks '{StateArray}' of {StepState.Size} values"));
        head.Steps = start.Step;
    }

    // One that is damaged is passed over, as for models.
    static HeadFile Newest(RunFolder folder)
    {
        List<string> reasons = [];
        foreach (var (_, path) in RunFolder.Checkpoints(folder.Path))
            try
            {
                return HeadFile.Open(path);
            }
            catch (Exception error) when (error is InvalidDataException or IOException)
            {
                reasons.Add(error.Message);
            }
        throw new InvalidDataException($"none of the {reasons.Count} checkpoints in {folder.Path} can be used: {string.Join("; ", reasons)}");
    }

    /// <summary>Frees what training needs; the head stays.</summary>
    public void Dispose()
    {
        using var exclusive = head.Model.Device.ExclusiveForRelease();
        // Some are null if the constructor failed.
        arena?.Dispose();
        upload?.Dispose();
        optimizer?.Dispose();
        state?.Dispose();
        head.Model.Device.Free(loss);
        examples?.Dispose();
    }
}
