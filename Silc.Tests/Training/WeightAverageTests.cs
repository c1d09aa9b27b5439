namespace Silc.Tests;

[TestClass]
public sealed class WeightAverageTests : TempFolder
{
    static readonly TrainConfig recipe = TinyRun.Recipe with { AverageWeights = true, EmaMomentum = 0.8 };

    /// <summary>θ̄ ← m θ̄ + (1 - m) θ after every step, for both towers, head and t; training does not notice.</summary>
    [TestMethod, EveryDevice]
    public void Follows_all_weights(string device)
    {
        using TinyRun run = new(device, recipe), plain = new(device, recipe with { AverageWeights = false });
        double[] expected = [.. run.Read(run.Model.Parameters.Values)];
        for (int step = 1; step <= 3; step++)
        {
            run.Steps(step);
            var student = run.Read(run.Model.Parameters.Values);
            for (int i = 0; i < expected.Length; i++) expected[i] = 0.8 * expected[i] + 0.2 * student[i];
        }
        Close.To(expected, run.Read(run.Trainer.Average!.Values), Close.Float32, "average");
        Close.Bits(plain.Steps(1, 2, 3).Read(plain.Model.Parameters.Values), run.Read(run.Model.Parameters.Values), "student");
        run.Trainer.Average.Use();
        Close.To(expected, run.Read(run.Model.Parameters.Values), Close.Float32, "student after Use");
    }

    [TestMethod]
    public void Goes_on_from_a_checkpoint_with_the_same_bits()
    {
        using TinyRun whole = new("cpu", recipe), first = new("cpu", recipe), second = new("cpu", recipe, seed: 2);
        whole.Steps(1, 2, 3);
        first.Steps(1, 2).Trainer.Save(At("run.safetensors"));
        second.Trainer.Load(At("run.safetensors"));
        second.Steps(3);
        TinyRun.SameBits(whole.State(), second.State());
        // The file is a model too: its student.
        using var model = SilcModel.Load(whole.Model.Device, At("run.safetensors"));
        Close.Bits(first.Read(first.Model.Parameters.Values), first.Read(model.Parameters.Values), "model of the checkpoint");
    }
}
