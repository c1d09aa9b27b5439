using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Trains a model: image-text contrast on every global view plus local-to-global self-distillation (Naeem et al. 2024, arXiv:2310.13355).
/// <see cref="Step"/> copies its batch, waits for the step before and queues work; <see cref="ReadMetrics"/> waits for that.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    readonly SilcModel student;
    readonly Device device;
    readonly Arena arena;
    readonly Pass pass, teacherPass;
    readonly BatchUpload views;
    readonly ContrastiveLoss contrastive;
    readonly DistillationLoss distillation;
    readonly IOptimizer optimizer;
    readonly StepGate gate;
    readonly MemoryBuffer1D<float, Stride1D.Dense> losses;

    /// <summary>Prepares to train <paramref name="model"/>: measures the memory of a step, then allocates it.</summary>
    /// <param name="model">The student; it is trained in place.</param>
    /// <param name="train">Losses, optimizer and schedule.</param>
    /// <exception cref="ArgumentException">A value is out of range, or a parameter has no decay rule.</exception>
    public Trainer(SilcModel model, TrainConfig train)
    {
        (student, device, Config) = (model, model.Device, train.Check());
        if (train.DistillationWeight > 0 && model.Config.Views.Local == 0 && !train.GlobalToGlobal)
            throw new ArgumentException("self-distillation needs local views: set ViewConfig.Local, or DistillationWeight to 0");
        (contrastive, distillation) = (new(model, train.ContrastiveWeight), new(model.Config, train));
        try
        {
            if (train.DistillationWeight > 0) Teacher = new(model);
            views = new(device, model.Config, train.BatchSize);
            optimizer = train.Optimizer == OptimizerKind.AdamW ? new AdamW(model.Parameters, train)
                : new Adafactor(model.Parameters, train);
            gate = new(device);
            losses = device.Allocate(2, "losses");
            arena = Measure();
            (pass, teacherPass) = (new(device.Ops, arena, Recompute: train.Recompute), new(device.Ops, arena, Training: false));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Losses, optimizer and schedule.</summary>
    public TrainConfig Config { get; }

    /// <summary>The EMA teacher; null without self-distillation.</summary>
    public Teacher? Teacher { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Activation memory of a step, in bytes.</summary>
    public long ActivationBytes => arena.Capacity * sizeof(float);

    /// <summary>Tests look at intermediate values here: called with big-picture names such as <c>z_image</c> while a step runs.</summary>
    internal Action<string, Tensor>? Probe { get; set; }

    Tensor Losses => new(losses.View.AsContiguous(), 1, 2);

    /// <summary>One update from a batch of <see cref="TrainConfig.BatchSize"/> pictures.</summary>
    public void Step(Batch batch)
    {
        views.Send(batch);          // while the step before still runs
        device.Synchronize();
        var schedule = Config.Schedule.At(Steps, Config.TotalSteps);
        Gradients(pass, teacherPass);
        device.Ops.Judge(student.Parameters.Grads, Losses, gate, (float)Config.ClipNorm, (float)Config.Beta1, (float)Config.Beta2);
        optimizer.Step(gate, Config.LearningRate * schedule, Config.WeightDecay * schedule);
        Teacher?.Follow(device.Ops, gate, Config.TeacherMomentum, Config.CenterMomentum);
        Steps++;
    }

    // The method of the paper, top to bottom: losses of one batch and their gradients.
    void Gradients(Pass pass, Pass teacherPass)
    {
        pass.Arena.Reset();
        student.Parameters.ZeroGrads();
        pass.Ops.Fill(Losses, 0);
        var config = student.Config;

        Tensor targets = default;
        if (Teacher is not null)
        {
            targets = Teacher.Targets(teacherPass, views.Global, Config.TeacherTemperature, logits => Probe?.Invoke("teacher_logits", logits));   // (G·B, K)
            if (config.Views.Local > 0)
                using (pass.Frame())        // local views: forward, loss and backward, then their memory is free
                {
                    var (y, backTower) = student.Image.Forward(pass, views.Local, config.Views.LocalSize);
                    var (logits, backHead) = student.Head.Forward(pass, y);
                    Probe?.Invoke("student_logits", logits);
                    backTower(backHead(distillation.Run(pass, logits, targets, Losses, globalViews: false)));
                }
        }
        var (zText, backText) = student.EmbedText(pass, views.Tokens);
        var (zImage, raw, backImage) = student.EmbedImage(pass, views.Global, config.ImageSize);
        Probe?.Invoke("z_text", zText);
        Probe?.Invoke("z_image", zImage);
        Tensor dRaw = default;
        if (Teacher is not null && Config.GlobalToGlobal)
        {
            var (logits, backHead) = student.Head.Forward(pass, raw);
            dRaw = backHead(distillation.Run(pass, logits, targets, Losses, globalViews: true));
        }
        if (Config.ContrastiveWeight > 0)
        {
            var (dzImage, dzText) = contrastive.Run(pass, zImage, zText, Losses);
            backImage(dzImage, dRaw);
            backText(dzText);
        }
        else if (dRaw.Count > 0)
        {
            var none = pass.Temp(zImage.Rows, zImage.Cols);
            pass.Ops.Fill(none, 0);
            backImage(none, dRaw);
        }
    }

    // Walks through a step without memory or launches to find how much it needs.
    Arena Measure()
    {
        using var measure = Arena.Measure(device);
        device.DryRun = true;
        try
        {
            Gradients(new(device.Ops, measure, Recompute: Config.Recompute), new(device.Ops, measure, Training: false));
        }
        finally
        {
            device.DryRun = false;
        }
        return Arena.Allocate(device, measure.Peak);
    }

    /// <summary>Waits for the steps so far and returns the means since the last call.</summary>
    /// <exception cref="TrainingDivergedException">More than <see cref="TrainConfig.MaxSkippedSteps"/> steps in a row were skipped.</exception>
    public StepMetrics ReadMetrics()
    {
        var state = gate.Read();
        gate.ResetSums();
        var counted = Math.Max(1, state[StepGate.Counted]);
        double contrast = state[StepGate.SumContrastive] / counted, distill = state[StepGate.SumDistillation] / counted;
        int inRow = (int)state[StepGate.SkippedInRow];
        if (inRow >= Config.MaxSkippedSteps)
            throw new TrainingDivergedException($"the loss or its gradient was not finite in the last {inRow} steps (up to step {Steps}); nothing was "
                + "updated in them. Lower the learning rate, lengthen the warm-up, or look for broken pictures; the weights are those of the last good step");
        return new(Steps, Config.ContrastiveWeight * contrast + Config.DistillationWeight * distill, contrast, distill, state[StepGate.SumNorm] / counted,
            Config.LearningRate * Config.Schedule.At(Math.Max(0, Steps - 1), Config.TotalSteps), Math.Exp(Read(student.T)), student.B is { } b ? Read(b) : 0,
            (long)state[StepGate.Skipped], inRow);
    }

    float Read(Parameter p) => device.Download(p.Value.View.SubView(0, 1))[0];

    /// <summary>Frees everything but the model.</summary>
    public void Dispose()
    {
        // Some are null if the constructor failed.
        arena?.Dispose();
        views?.Dispose();
        optimizer?.Dispose();
        gate?.Dispose();
        Teacher?.Dispose();
        device.Free(losses);
    }
}
