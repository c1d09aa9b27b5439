using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// The steps of a head's training: order, AdamW, checkpoints, reports and what to do about a loss that is not finite. A training that goes on from a
/// checkpoint ends with the bits of one that was left alone. Threads: one calls <see cref="Run"/>.
/// </summary>
sealed class HeadLoop : IDisposable
{
    /// <summary>Queues loss and gradients of a step: the loss is added to the one element of the tensor.</summary>
    public delegate void Queue(Pass pass, long epoch, IReadOnlyList<int> samples, Tensor loss);

    const string StateArray = "step_state";

    readonly ITrainedHead head;
    readonly HeadTrainConfig train;
    readonly TrainConfig optimizing;
    readonly RunFolder? folder;
    readonly DataState data;
    readonly EpochOrder order;
    readonly int batch;
    readonly Queue queue;
    readonly Func<int, string> nameOf;
    readonly string? kind;
    readonly AdamW optimizer;
    readonly StepState state;
    readonly MemoryBuffer1D<float, Stride1D.Dense> loss;
    readonly Arena arena;
    readonly Pass pass;
    readonly Stopwatch sinceSave = Stopwatch.StartNew();
    long savedStep = -1;

    /// <summary>Measures and allocates the memory of a step, and goes on from a checkpoint.</summary>
    /// <param name="head">Is trained in place.</param>
    /// <param name="train">How.</param>
    /// <param name="optimizing">The same for the optimizer.</param>
    /// <param name="data">What it is trained on.</param>
    /// <param name="folder">Null writes nothing.</param>
    /// <param name="start">Of <see cref="Start"/>.</param>
    /// <param name="samples">How many there are to draw from.</param>
    /// <param name="measure">A step without memory.</param>
    /// <param name="queue">A step.</param>
    /// <param name="nameOf">What a sample is called.</param>
    /// <param name="kind">What samples are, such as "images", in the message about a loss that is not finite; null says nothing.</param>
    public HeadLoop(ITrainedHead head, HeadTrainConfig train, TrainConfig optimizing, DataState data, RunFolder? folder, HeadFile? start, int samples,
        Action<Pass, Tensor> measure, Queue queue, Func<int, string> nameOf, string? kind = null)
    {
        (this.head, this.train, this.optimizing, this.data, this.folder, this.queue, this.nameOf, this.kind) =
            (head, train, optimizing, data, folder, queue, nameOf, kind);
        batch = Math.Min(train.BatchSize, samples);
        order = new(samples, batch, train.Seed);
        try
        {
            using var exclusive = head.Model.Exclusive();
            var device = head.Model.Device;
            head.Parameters.AllocateGradients();
            optimizer = new(head.Parameters, optimizing);
            state = new(device);
            loss = device.Allocate(1, "a head's loss");
            arena = Arena.Allocate(device, Arena.Measure(device, arena => measure(new(device.Ops, arena), LossCell)));
            pass = new(device.Ops, arena);
            if (start is not null) Load(start);
            folder?.Begin(sizeof(float) * 3 * head.Parameters.Count + 65536, sizeof(float) * head.Parameters.Count + 65536);
            if (start is not null) savedStep = start.Step;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Called before a checkpoint is written.</summary>
    public Action? Saving { get; set; }

    Tensor LossCell => new(loss.View.AsContiguous(), 1, 1);

    /// <summary>The newest usable checkpoint of a folder that goes on, otherwise null. Callers ask before they read images.</summary>
    /// <exception cref="ArgumentException">It is of another training, or the device does not train.</exception>
    /// <exception cref="InvalidDataException">None can be used.</exception>
    public static HeadFile? Start(ITrainedHead head, HeadTrainConfig train, DataState data, RunFolder? folder)
    {
        Require.That(head.Model.Device.Precision != Precision.Int8, "weights in 8 bits embed and do not learn: open the device with another "
            + "precision to train a head; asking a trained one is fine");
        var start = folder is { Resumes: true } ? Newest(folder) : null;
        start?.Require(head.Description, train, data);
        return start;
    }

    /// <summary>Trains to the last step, or until <paramref name="stop"/> asks; can be called again to go on.</summary>
    public RunEnd Run(Action<HeadReport>? report, int reportEvery, CancellationToken stop)
    {
        Require.Positive(reportEvery, "steps between reports");
        var clock = Stopwatch.StartNew();
        var (since, sinceStep) = (clock.Elapsed, head.Steps);
        while (true)
        {
            if (head.Steps > sinceStep && (head.Steps >= train.Steps || stop.IsCancellationRequested || head.Steps % reportEvery == 0))
            {
                var (steps, seconds) = (head.Steps - sinceStep, (clock.Elapsed - since).TotalSeconds);
                report?.Invoke(Report(steps * batch / seconds, clock.Elapsed, TimeSpan.FromSeconds((train.Steps - head.Steps) * seconds / steps)));
                (since, sinceStep) = (clock.Elapsed, head.Steps);
            }
            RunEnd? end = head.Steps >= train.Steps ? RunEnd.Finished : stop.IsCancellationRequested ? RunEnd.Stopped : null;
            if (end is not null || head.Steps > 0 && folder?.Policy.IsDue(head.Steps, sinceSave.Elapsed) == true) Save();
            if (end is { } why)
            {
                if (folder is { Replaces: false }) head.WriteFile(folder.At(HeadFile.Name));
                return why;
            }
            Step();
            if (folder is { Replaces: true }) folder.Began();
        }
    }

    void Step()
    {
        var (epoch, samples) = order.Of(head.Steps);
        using var exclusive = head.Model.Exclusive();
        var ops = head.Model.Device.Ops;
        var schedule = optimizing.Schedule.At(head.Steps, train.Steps);
        state.Set(train.LearningRate * schedule, train.WeightDecay * schedule);
        arena.Reset();
        head.Parameters.ZeroGrads();
        ops.Fill(LossCell, 0);
        queue(pass, epoch, samples, LossCell);
        ops.GradNorm(head.Parameters.Grads, LossCell, state, (float)train.ClipNorm, (float)optimizing.Beta1, (float)optimizing.Beta2);
        optimizer.Step(state, null, default);
        head.Steps++;
        if (state.Read()[StepState.SkippedInRow] == 0) return;
        var (were, these) = kind is null ? ("it was of", "these") : ($"its {kind} are", $"these {kind}");
        throw new TrainingDivergedException($"the loss of step {head.Steps} or its gradient is not finite; {were} "
            + $"{string.Join(", ", samples.Select(nameOf))}. Nothing was updated in it: lower the learning rate, or look at {these}");
    }

    HeadReport Report(double speed, TimeSpan elapsed, TimeSpan remaining)
    {
        using var exclusive = head.Model.Exclusive();
        var values = state.Read();
        state.ResetSums();
        var counted = Math.Max(1, values[StepState.Counted]);
        return new(head.Steps, train.Steps, values[StepState.FirstSums] / counted, values[StepState.SumNorm] / counted,
            train.LearningRate * optimizing.Schedule.At(Math.Max(0, head.Steps - 1), train.Steps), speed, elapsed, remaining);
    }

    void Save()
    {
        if (folder is null or { Replaces: true } || head.Steps == savedStep) return;
        folder.RequireOwned(head.Steps);
        Saving?.Invoke();
        List<NamedArray> arrays;
        using (head.Model.Exclusive())
            arrays = [.. head.Arrays(), .. optimizer.ToArrays(), new(StateArray, [StepState.Size], state.Read())];
        folder.Add(head.Steps, path => new HeadFile(path, head.Description, head.Steps, train, data).Write(arrays));
        savedStep = head.Steps;
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

    public void Dispose()
    {
        using var exclusive = head.Model.Device.ExclusiveForRelease();
        // Some are null if the constructor failed.
        arena?.Dispose();
        optimizer?.Dispose();
        state?.Dispose();
        head.Model.Device.Free(loss);
    }
}
