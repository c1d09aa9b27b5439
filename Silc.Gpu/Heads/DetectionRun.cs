using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

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
    const string StateArray = "step_state";

    readonly DetectionHead head;
    readonly HeadTrainConfig train;
    readonly TrainConfig optimizing;
    readonly RunFolder? folder;
    readonly DataState data;
    readonly DetectionExamples examples;
    readonly DetectionUpload upload;
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
    /// <param name="source">Images with things; categories that the head is not made for are left out.</param>
    /// <param name="config">How it is trained; its loss is that of detection.</param>
    /// <param name="folder">Of <see cref="RunFolder.ForHead"/>; null writes nothing. It is not disposed.</param>
    /// <param name="maxBadShare">Share of images that cannot be read above which this throws.</param>
    /// <param name="seen">Is told the number of images whose features are there.</param>
    /// <param name="stop">Ends the reading of images.</param>
    /// <exception cref="ArgumentException">A value does not fit, or the checkpoint to go on from is of another training.</exception>
    /// <exception cref="InvalidDataException">The images or things are wrong, or nothing is there to learn; the message names one.</exception>
    public DetectionRun(DetectionHead head, IInstanceSource source, HeadTrainConfig config, RunFolder? folder = null, double maxBadShare = 0.1,
        Action<long>? seen = null, CancellationToken stop = default)
    {
        (this.head, train, optimizing, this.folder) = (head, config.Check(), config.Optimizer, folder);
        data = new(source.Name, source.Count);
        var known = source.Truth.Classes().Names;
        if (head.Description.Seen.FirstOrDefault(name => !known.Contains(name)) is { } missing)
            throw new ArgumentException($"the head is for the class '{missing}', which {source.Name} does not have: it has "
                + string.Join(", ", known.Take(10)));
        var start = folder is { Resumes: true } ? Newest(folder) : null;
        start?.Require(head.Description, train, data);
        var device = head.Model.Device;
        var classes = ClassList.Of(head.Description.Seen);
        HeadTexts.Check(classes, head.Model.Tokenizer);
        var texts = head.Model.Prototypes(classes, head.Description.Templates, canonical: head.Description.Canonical).Rows;
        examples = new(head, source, maxBadShare, seen, stop);
        try
        {
            int batch = Math.Min(train.BatchSize, examples.Count);
            order = new(examples.Count, batch, train.Seed);
            using var exclusive = head.Model.Exclusive();
            var (mean, deviation) = examples.Standard();
            head.SetStandard(mean, deviation);
            head.Parameters.AllocateGradients();
            optimizer = new(head.Parameters, optimizing);
            state = new(device);
            loss = device.Allocate(1, "a head's loss");
            upload = new(head, examples, texts, train, batch);
            arena = Arena.Allocate(device, Arena.Measure(device, arena => head.Step(new(device.Ops, arena), upload.Measuring, LossCell)));
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

    /// <summary>Images without a thing.</summary>
    public int Empty => examples.Empty;

    /// <summary>Things that are left out: the smallest of images with more things than patches.</summary>
    public int TooMany => examples.TooMany;

    /// <summary>Images that could not be read, with the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unread => examples.Unread;

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
        head.Step(pass, batch, LossCell);
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
        List<NamedArray> arrays;
        using (head.Model.Exclusive())
            arrays = [.. head.Arrays(), .. optimizer.ToArrays(), new(StateArray, [StepState.Size], state.Read())];
        folder.Add(Steps, path => new HeadFile(path, head.Description, Steps, train, data).Write(arrays));
        savedStep = Steps;
        sinceSave.Restart();
    }

    void Load(HeadFile start)
    {
        var arrays = start.Arrays();
        head.Load(start);
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
