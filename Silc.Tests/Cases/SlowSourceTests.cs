namespace Silc.Tests;

/// <summary>Sources of the user's own that are slow or fail now and then, as those of the web do.</summary>
[TestClass]
public sealed class SlowSourceTests
{
    static readonly SilcConfig config = TinyRun.Config with { VocabSize = 258 };

    [TestMethod]
    [DataRow(typeof(HttpRequestException), DisplayName = "source-of-the-web-fails-once")]
    [DataRow(typeof(TimeoutException)), DataRow(typeof(TaskCanceledException)), DataRow(typeof(FormatException)),
        DataRow(typeof(NullReferenceException))]
    public void A_sample_that_fails_is_replaced_and_counted_whatever_it_throws(Type kind)
    {
        var source = new FakeSource(64, index =>
        {
            if (index % 7 == 3) throw (Exception)Activator.CreateInstance(kind, $"503 for {index}")!;
        });
        using var model = Model();
        using var run = new TrainRun(model, source, TinyRun.Recipe with { TotalSteps = 6 });
        Assert.AreEqual(RunEnd.Finished, run.Run());
        Assert.IsTrue(run.Loader.BadSamples > 0);
        Assert.Contains($"{kind.Name}: 503 for", run.Loader.BadReports[0]);
    }

    [TestMethod]
    public void A_source_that_always_fails_says_how()
    {
        using var model = Model();
        using var run = new TrainRun(model, new FakeSource(8, _ => throw new HttpRequestException("503")), TinyRun.Recipe);
        Assert.Contains("HttpRequestException: 503", Assert.ThrowsExactly<InvalidDataException>(() => run.Run()).Message);
    }

    // The source blocks until the test releases it: a Dispose that waited for it would hang.
    [TestMethod, Timeout(60_000)]
    public void Cancelling_waits_for_no_sample()
    {
        using var release = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        using var model = Model();
        var run = new TrainRun(model, new FakeSource(64, _ =>
        {
            cancel.Cancel();
            release.Wait();
        }), TinyRun.Recipe);
        try
        {
            Assert.AreEqual(RunEnd.Stopped, run.Run(stop: cancel.Token));
            Assert.AreEqual(0L, run.Trainer.Steps);
            run.Dispose();
            Assert.ThrowsExactly<ObjectDisposedException>(() => run.Loader.Next());
        }
        finally
        {
            release.Set();
        }
    }

    [TestMethod]
    public void A_loader_may_go_on_after_a_wait_was_cancelled()
    {
        using var held = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        using var loader = new BatchLoader(new FakeSource(8, _ => held.Wait()), new ByteTokenizer(), config, 4, seed: 0, workers: 1);
        cancel.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => loader.Next(cancel.Token));
        held.Set();
        Assert.AreEqual(4, loader.Next().Size);
        Assert.AreEqual(1, loader.Position);
    }

    static SilcModel Model() => SilcModel.Create(TestDevices.Open(TestDevices.OneThread), config, 1, new ByteTokenizer());
}
