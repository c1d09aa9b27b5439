using System.Diagnostics;

namespace Silc.Tests;

/// <summary>What ranks find out about each other before the first step, how long they wait, and that they end together.</summary>
[TestClass]
public sealed class DistributedStartTests
{
    [TestMethod]
    [DataRow("model")]
    [DataRow("training")]
    [DataRow("choice of --shard-moments")]
    [DataRow("data")]
    public void A_rank_that_differs_is_told_in_what(string what)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Ranks.Run(3, collective =>
        {
            bool Is(string other) => collective.Rank == 1 && what == other;
            RunIdentity.RequireSame(collective, Is("model") ? TinyRun.Config with { TextLength = 6 } : TinyRun.Config,
                Is("training") ? TinyRun.Recipe with { Seed = 3 } : TinyRun.Recipe, DataState.Of(new FakeSource(Is("data") ? 9 : 8)),
                shardsMoments: Is("choice of --shard-moments"));
            return true;
        }));
        StringAssert.Contains(error.Message, $"rank 1 has another {what} than rank 0: start all ranks with the same line, files and program");
    }

    /// <summary>By rank 0's clock alone: after the same step on all, whatever their own limits.</summary>
    [TestMethod]
    public void Ranks_whose_time_is_over_end_after_the_same_step()
    {
        var ends = Ranks.Run(3, collective =>
        {
            using var device = Device.Cpu(1);
            var tokenizer = new WordTokenizer();
            using var model = SilcModel.Create(device, TinyRun.Config with { VocabSize = tokenizer.VocabSize }, seed: 1, tokenizer);
            var recipe = TinyRun.Recipe with { BatchSize = 6, TotalSteps = 100_000 };
            using var run = new TrainRun(model, new FakeSource(24), recipe, collective: collective);
            var end = run.Run(limit: TimeSpan.FromSeconds(collective.Rank == 0 ? 1 : 0));
            return (end, run.Trainer.Steps);
        });
        foreach (var (end, steps) in ends) Assert.AreEqual((RunEnd.OutOfTime, ends[0].Steps), (end, steps));
        Assert.IsGreaterThan(0, ends[0].Steps);
    }

    /// <summary>At the start and after an agreed save others may be at work for ten timeouts; between steps, for one.</summary>
    [TestMethod]
    public void A_watchdog_has_patience_with_a_save_and_none_with_a_step()
    {
        string? said = null;
        using var dog = new Watchdog(TimeSpan.FromSeconds(0.5), why => Volatile.Write(ref said, why));
        Assert.AreEqual(Watchdog.Patient, dog.Patience);
        using (dog.Enter("vote")) Thread.Sleep(1500);
        Assert.IsNull(said);
        (dog.Patience, dog.Step) = (1, 41);
        using (dog.Enter("vote"))
            for (var clock = Stopwatch.StartNew(); Volatile.Read(ref said) is null && clock.Elapsed < TimeSpan.FromMinutes(1);) Thread.Sleep(50);
        Assert.IsNotNull(said);
        StringAssert.Contains(said, " s in the vote of step 42: another rank hangs, or cannot be reached. The run ends; the same line with --resume "
            + "goes on from the newest checkpoint");
    }
}
