namespace Silc.Tests;

[TestClass]
public sealed class ScheduleTests
{
    /// <summary>The paper's run: 20 G examples at batch size 16,384.</summary>
    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(25_000, 0.5)]
    [DataRow(50_000, 1)]
    [DataRow(100_000, 0.40825)]
    [DataRow(600_000, 0.1336)]
    [DataRow(1_170_703, 0.0940)]
    [DataRow(1_220_703, 0)]
    public void Rsqrt_of_the_paper(int step, double multiplier)
    {
        var schedule = new Schedule(ScheduleKind.Rsqrt, WarmupSteps: 50_000, CooldownSteps: 50_000);
        Assert.AreEqual(multiplier, schedule.At(step, 1_220_703), 5e-4 * Math.Max(multiplier, 1e-9));
    }

    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(5, 0.5)]
    [DataRow(10, 1)]
    [DataRow(55, 0.5)]
    [DataRow(100, 0)]
    public void Cosine_falls_from_the_end_of_the_warm_up_to_the_end_of_the_run(int step, double multiplier) =>
        Assert.AreEqual(multiplier, new Schedule(ScheduleKind.Cosine, WarmupSteps: 10).At(step, 100), 1e-12);

    [TestMethod]
    public void Constant_is_one_between_warm_up_and_cooldown()
    {
        var schedule = new Schedule(ScheduleKind.Constant, WarmupSteps: 4, CooldownSteps: 10);
        CollectionAssert.AreEqual(new[] { 0, 0.25, 1, 1, 0.5, 0 }, new[] { 0L, 1, 4, 90, 95, 100 }.Select(step => schedule.At(step, 100)).ToArray());
    }

    /// <summary>SigLIP 2's NaFlex: the last tenth of a schedule over 3.75 times its steps.</summary>
    [TestMethod]
    [DataRow(ScheduleKind.Cosine), DataRow(ScheduleKind.Linear), DataRow(ScheduleKind.Polynomial)]
    public void The_rest_of_a_schedule_is_stretched(ScheduleKind kind)
    {
        var whole = new Schedule(kind) { Power = 2, End = 0.1 };
        for (int step = 0; step <= 375; step += 15)
            Assert.AreEqual(whole.At(900 + step / 15 * 4, 1000), (whole with { From = 0.9 }).At(step, 375), 1e-12, $"step {step}");
        Assert.Contains("not rsqrt", Assert.ThrowsExactly<ArgumentException>(() => new Schedule(ScheduleKind.Rsqrt) { From = 0.9 }.Check()).Message);
        Assert.Contains("(--schedule-from)", Assert.ThrowsExactly<ArgumentException>(() => new Schedule { From = 1.5 }.Check()).Message);
    }

    /// <summary>0.966 at the paper's 16,384; a half-life of the same number of examples elsewhere.</summary>
    [TestMethod]
    [DataRow(16_384, 0.966)]
    [DataRow(4096, 0.9914)]
    [DataRow(1024, 0.9978)]
    [DataRow(256, 0.99946)]
    public void Teacher_momentum_by_batch_size(int batch, double momentum) =>
        Assert.AreEqual(momentum, new TrainConfig(BatchSize: batch).TeacherMomentum, 5e-5);
}
