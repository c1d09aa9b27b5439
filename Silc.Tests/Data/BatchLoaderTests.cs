namespace Silc.Tests;

[TestClass]
public sealed class BatchLoaderTests
{
    static readonly SilcConfig Small = new(
        ImageSize: 16, PatchSize: 8, TextLength: 4, Views: new(2, 2, 8, Flip: 0.5, Jitter: 0.5, Blur: 0.5));

    [TestMethod]
    [Timeout(60_000)]
    public void BatchesDoNotDependOnWorkers()
    {
        using var one = Loader(new FakeSource(23), workers: 1);
        using var four = Loader(new FakeSource(23), workers: 4, prefetch: 2);
        foreach (var (a, b) in one.Take(12).Zip(four.Take(12))) Same(a, b);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void ResumeGoesOnWithTheNextBatch()
    {
        using var whole = Loader(new FakeSource(23));
        using var rest = Loader(new FakeSource(23), startStep: 7);
        for (int i = 0; i < 7; i++) whole.Next();
        Assert.AreEqual(7, whole.Position);
        foreach (var (a, b) in whole.Take(5).Zip(rest.Take(5))) Same(a, b);
        Assert.AreEqual(12, rest.Position);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void EpochVisitsEverySampleOnceInANewOrder()
    {
        using var loader = Loader(new FakeSource(20));
        var epochs = Enumerable.Range(0, 3).Select(_ => loader.Take(5).SelectMany(batch => batch.Samples).ToArray()).ToArray();
        foreach (var epoch in epochs) CollectionAssert.AreEquivalent(Enumerable.Range(0, 20).ToArray(), epoch);
        CollectionAssert.AreNotEqual(epochs[0], epochs[1]);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void TokensBelongToTheSample()
    {
        using var loader = Loader(new FakeSource(20));
        foreach (var batch in loader.Take(10))
            for (int i = 0; i < batch.Size; i++) Assert.AreEqual(batch.Samples[i], batch.Tokens[i * Small.TextLength]);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void BadSampleIsReplacedByTheNext()
    {
        static void Read(int index)
        {
            if (index is 3 or 19) throw new InvalidDataException("broken.png is cut short");
        }
        using var loader = Loader(new FakeSource(20, Read), workers: 3);
        var samples = loader.Take(5).SelectMany(batch => batch.Samples).Order().ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(0, 20).Select(i => i == 3 ? 4 : i == 19 ? 0 : i).Order().ToArray(), samples);
        Assert.IsGreaterThanOrEqualTo(2, loader.BadSamples);
        Assert.Contains("broken.png", loader.BadReports[0]);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void TooManyBadSamplesStopLoading()
    {
        using var loader = Loader(new FakeSource(200, i => { if (i % 4 == 0) throw new IOException("gone.png is missing"); }));
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Drain(loader));
        Assert.Contains("more than 10", error.Message);
        Assert.Contains("gone.png", error.Message);

        using var hopeless = Loader(new FakeSource(5, _ => throw new IOException("gone.png is missing")));
        Assert.Contains("none of the 5", Assert.ThrowsExactly<InvalidDataException>(() => hopeless.Next()).Message);
    }

    [TestMethod]
    [Timeout(60_000)]
    public void PrefetchBoundsWhatIsBuilt()
    {
        var source = new FakeSource(20);
        using var loader = Loader(source, workers: 4, prefetch: 2);
        var batches = new HashSet<Batch>();
        for (int i = 0; i < 20; i++)
        {
            var batch = loader.Next();
            batches.Add(batch);
            loader.Return(batch);
        }
        Assert.IsLessThanOrEqualTo(3, batches.Count);
        Assert.IsLessThanOrEqualTo((20 + 2) * 4, source.Reads);
    }

    [TestMethod]
    public void ErrorsUpFront()
    {
        Assert.Contains("3 samples", Assert.ThrowsExactly<ArgumentException>(() => Loader(new FakeSource(3))).Message);
        using var loader = Loader(new FakeSource(8));
        var batch = loader.Next();
        loader.Return(batch);
        loader.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => loader.Next());
    }

    /// <summary>The first is the first of an image's captions, the second any of the others, or the same where there is one.</summary>
    [TestMethod]
    [Timeout(60_000)]
    public void A_batch_may_have_a_second_caption_of_each_image()
    {
        var config = Small with { Views = Small.Views with { SecondCaption = true } };
        foreach (var captions in new[] { 1, 2, 4 })
        {
            using var loader = new BatchLoader(new FakeSource(8, captions: captions), new LastWordTokenizer(), config, batchSize: 4, seed: 5, 2);
            var others = new HashSet<int>();
            foreach (var batch in loader.Take(40))
                for (int slot = 0; slot < 4; slot++)
                {
                    Assert.AreEqual(batch.Samples[slot], batch.Tokens[slot * 4]);
                    Assert.AreEqual(batch.Samples[slot], batch.SecondTokens[slot * 4] % 1000);
                    others.Add(batch.SecondTokens[slot * 4] / 1000);
                }
            CollectionAssert.AreEquivalent(captions == 1 ? [0] : Enumerable.Range(1, captions - 1).ToArray(), others.ToArray());
        }
    }

    static BatchLoader Loader(IImageTextSource source, int? workers = 2, int prefetch = 3, long startStep = 0) =>
        new(source, new LastWordTokenizer(), Small, batchSize: 4, seed: 5, workers, prefetch, startStep);

    static void Drain(BatchLoader loader)
    {
        foreach (var _ in loader.Take(1000)) { }
    }

    static void Same(Batch a, Batch b)
    {
        CollectionAssert.AreEqual(a.Samples, b.Samples);
        CollectionAssert.AreEqual(a.Tokens, b.Tokens);
        CollectionAssert.AreEqual(a.Global, b.Global);
        CollectionAssert.AreEqual(a.Local, b.Local);
    }
}
