namespace Silc.Tests;

/// <summary>The gradient of a whole step, over the model and what losses have for themselves, against the loss.</summary>
static class StepGradient
{
    /// <summary>
    /// Along its own direction the loss must change by the length of the gradient. The student is another one than that which the run began with, of
    /// which teacher and anchor are copies.
    /// </summary>
    public static void Check(string device, TrainConfig recipe, SilcConfig config, string name)
    {
        var still = recipe with { LearningRate = 0, WeightDecay = 0, EmaMomentum = 1, CenterMomentum = 1, TeacherTemperature = 0.1 };
        using var run = new TinyRun(device, still, config, tokenizer: TinyRun.Words);
        using (var other = SilcModel.Create(run.Model.Device, config, seed: 7))
            run.Model.Device.Upload<float>(run.Read(other.Parameters.Values), run.Model.Parameters.Values.View);
        Parameters[] all = [run.Model.Parameters, .. run.Trainer.Own.Select(part => part.Parameters)];
        // The decoder's last kernel begins at 0, and with it all gradients below.
        foreach (var part in all.Skip(1))
            run.Model.Device.Upload<float>([.. run.Read(part.Values).Select((p, i) => p + 0.1f * (float)Math.Sin(i))], part.Values.View);
        var start = all.Select(part => run.Read(part.Values)).ToArray();
        var norm = run.Step(run.Batch(1)).GradNorm;
        var gradients = all.Select(part => run.Read(part.Grads)).ToArray();
        foreach (var part in gradients) Assert.IsTrue(part.Any(g => g != 0), $"{name}: no gradient");
        Close.To([Math.Sqrt(gradients.Sum(part => part.Sum(g => (double)g * g)))], [(float)norm], Close.Chained, $"{name}: norm");
        double step = 0.003 / norm, slope = (LossAt(step) - LossAt(-step)) / (2 * step);
        Close.To([norm], [(float)slope], Close.StepDifferences, name);

        double LossAt(double distance)
        {
            for (int part = 0; part < all.Length; part++)
                run.Model.Device.Upload<float>([.. start[part].Zip(gradients[part], (p, g) => (float)(p + distance * g / norm))],
                    all[part].Values.View);
            return run.Step(run.Batch(1)).Loss;
        }
    }
}
