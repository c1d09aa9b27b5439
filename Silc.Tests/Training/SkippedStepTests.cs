namespace Silc.Tests;

[TestClass]
public sealed class SkippedStepTests
{
    static Batch Broken(TinyRun run, float pixel = float.NaN)
    {
        var batch = run.Batch(9);
        batch.Global[7] = pixel;
        return batch;
    }

    // The step's own state counts what was skipped.
    static Dictionary<string, float[]> Learned(TinyRun run) => run.State().Where(entry => entry.Key != "step_state").ToDictionary();

    /// <summary>Parameters, moments, their bias corrections, teacher and center: all as if the batch had never been.</summary>
    [TestMethod, EveryDevice]
    public void A_batch_with_NaN_pixels_leaves_no_trace(string device)
    {
        foreach (var optimizer in Enum.GetValues<OptimizerKind>())
        {
            var recipe = TinyRun.Recipe with { Optimizer = optimizer };
            using TinyRun clean = new(device, recipe), run = new(device, recipe);
            clean.Steps(1);
            run.Steps(1);
            run.Trainer.Step(Broken(run));
            TinyRun.SameBits(Learned(clean), Learned(run));
            clean.Steps(2);
            run.Steps(2);
            TinyRun.SameBits(Learned(clean), Learned(run));
        }
    }

    [TestMethod, EveryDevice]
    public void Skipped_steps_are_counted_and_stay_out_of_the_means(string device)
    {
        using TinyRun clean = new(device), run = new(device);
        var expected = clean.Step(clean.Batch(1));
        run.Steps(1);
        var metrics = run.Step(Broken(run));
        Assert.AreEqual(expected with { Step = 2, Skipped = 1, SkippedInRow = 1, LogitScale = metrics.LogitScale, Health = null }, metrics);
        Assert.AreEqual(expected.LogitScale, metrics.LogitScale);
        metrics = run.Step(run.Batch(2));
        Assert.AreEqual((3L, 1L, 0), (metrics.Step, metrics.Skipped, metrics.SkippedInRow));
    }

    [TestMethod, EveryDevice]
    public void Too_many_in_a_row_end_the_training(string device)
    {
        using var run = new TinyRun(device, TinyRun.Recipe with { MaxSkippedSteps = 3 });
        run.Steps(1);
        Assert.AreEqual(1, run.Step(Broken(run)).SkippedInRow);
        Assert.AreEqual(2, run.Step(Broken(run, float.PositiveInfinity)).SkippedInRow);
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => run.Step(Broken(run)));
        StringAssert.Contains(error.Message, "last 3 steps (up to step 4)");
    }

    /// <summary>Local views reach the parameters by another way than global ones.</summary>
    [TestMethod, EveryDevice]
    public void NaN_in_a_local_view_is_seen_too(string device)
    {
        using var run = new TinyRun(device);
        var batch = run.Batch(1);
        batch.Local[^1] = float.NaN;
        Assert.AreEqual(1, run.Step(batch).Skipped);
    }
}
