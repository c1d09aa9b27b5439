using Silc.Samples.Training;

namespace Silc.Tests;

[TestClass]
public sealed class DemoPaceTests : TempFolder
{
    // 124 s in all: 30 are gone, and 94 hold 940 steps of 0.1 s.
    [TestMethod]
    [DataRow(200, 30, 0.1, 1140)]
    [DataRow(200, 30, 0.01, 1600)]
    [DataRow(200, 140, 0.5, DemoRecipe.FewestSteps)]
    [DataRow(700, 140, 0.5, 700)]
    public void What_is_left_of_the_time_holds_so_many_steps(int done, double elapsed, double perStep, int steps) => Assert.AreEqual(
        steps, DemoRecipe.StepsInTime(done, TimeSpan.FromSeconds(elapsed), TimeSpan.FromSeconds(perStep)), 1);

    [TestMethod]
    public void A_run_whose_end_moves_goes_on_by_the_schedule_of_the_new_end()
    {
        var train = TinyRun.Recipe with { TotalSteps = 20, Schedule = new(ScheduleKind.Cosine, WarmupSteps: 2) };
        var tokenizer = new ByteTokenizer();
        var config = TinyRun.Config with { VocabSize = tokenizer.VocabSize };
        using var model = SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, tokenizer: tokenizer);
        var rates = new List<double>();
        using var folder = RunFolder.Create(Root);
        using var run = new TrainRun(model, new FakeSource(12), train, folder);
        run.AfterStep = step =>
        {
            if (step == 3) run.EndAt(6);
            return false;
        };
        var end = run.Run(report => rates.Add(report.Metrics.LearningRate), reportEvery: 1);
        Assert.AreEqual((RunEnd.Finished, 6L), (end, run.Trainer.Steps));
        for (int step = 0; step < 6; step++)
            Assert.AreEqual(train.LearningRate * train.Schedule.At(step, step < 3 ? 20 : 6), rates[step], 1e-12, $"step {step + 1}");
        Assert.AreEqual(6, RunFolder.Newest(Root).Checkpoint.Train.TotalSteps);
        Assert.ThrowsExactly<ArgumentException>(() => run.EndAt(5));
    }
}
