using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Silc;

/// <summary>
/// Builds batches ahead of training on worker threads. Endless: each epoch is reshuffled. The batches are a function of source,
/// configuration, batch size and seed alone, so a run resumed at a step, or with other workers, sees the same samples and views.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    static readonly TimeSpan MostWait = TimeSpan.FromSeconds(0.5);

    readonly SilcConfig config;
    readonly Tokenizer tokenizer;
    readonly int batchSize, seed, prefetch, rank;
    readonly ViewSampler sampler;
    readonly IImageTextSource source;
    readonly LocatedTexts? located;
    readonly TolerantReader reader;
    readonly EpochOrder order;
    readonly LoadClock clock = new();
    readonly Thread[] threads;

    // The fields below are guarded by this lock. Workers share one batch sample by sample, so that memory grows with prefetch, not with cores.
    readonly object gate = new();
    readonly Queue<Job> ahead = new();
    readonly Stack<Batch> free = new();
    Job? open;
    long nextStep;
    Exception? failure;

    /// <summary>Starts the workers.</summary>
    /// <param name="source">Images and captions.</param>
    /// <param name="tokenizer">Used from several threads at once.</param>
    /// <param name="config">Sizes and views.</param>
    /// <param name="batchSize">Samples B per batch, of all ranks together.</param>
    /// <param name="seed">Seed of order, views and captions.</param>
    /// <param name="workers">Threads; null means one for each core.</param>
    /// <param name="prefetch">Batches built ahead.</param>
    /// <param name="startStep">Steps of the run that are already done.</param>
    /// <param name="maxBadShare">Share of unreadable samples, of at least 100 read, above which loading stops.</param>
    /// <param name="rank">Number of this rank among those that share each batch; it makes batches of B / <paramref name="ranks"/>.</param>
    /// <param name="ranks">Number of ranks; with any number the samples and views of a step are the same.</param>
    /// <exception cref="ArgumentException">Fewer samples than a batch, more token ids than the model takes, or ranks do not divide B.</exception>
    public BatchLoader(
        IImageTextSource source, Tokenizer tokenizer, SilcConfig config, int batchSize, int seed,
        int? workers = null, int prefetch = 3, long startStep = 0, double maxBadShare = 0.1, int rank = 0, int ranks = 1)
        : this(source, tokenizer, config, batchSize, seed, workers, prefetch, startStep, maxBadShare, needCaptions: true, rank, ranks)
    {
    }

    /// <summary>The same for training on images alone, whose pairs may be without captions: their tokens are those of the empty text.</summary>
    internal BatchLoader(
        IImageTextSource source, Tokenizer tokenizer, SilcConfig config, int batchSize, int seed,
        int? workers, int prefetch, long startStep, double maxBadShare, bool needCaptions, int rank = 0, int ranks = 1)
    {
        Require.Positive(batchSize, "batch size");
        Require.Positive(workers ?? 1, "workers");
        Require.Positive(prefetch, "prefetched batches");
        Require.That(startStep >= 0, $"start step is {startStep}, it must not be negative");
        Require.Within(maxBadShare, 0, 1, "share of unreadable samples");
        Require.That(source.Count >= batchSize, $"{source.Name} has {source.Count} samples, fewer than one batch of {batchSize}");
        Require.That(ranks > 0 && batchSize % ranks == 0, $"a batch of {batchSize} cannot be cut into {ranks} equal parts, one for each rank");
        Require.That(rank >= 0 && rank < ranks, $"rank is {rank}, it must lie in [0, {ranks - 1}]");
        (this.config, this.batchSize, this.seed, this.prefetch, this.rank) = (config, batchSize / ranks, seed, prefetch, rank);
        this.tokenizer = tokenizer.Fit(config.VocabSize);
        Position = nextStep = startStep;
        (sampler, this.source) = (new(config, seed), source);
        if (config.Views.Located > 0) located = new(tokenizer, config, seed);
        reader = new(source, maxBadShare, needCaptions);
        order = new(source.Count, batchSize, seed, source.Shards);
        threads = [.. Enumerable.Range(0, workers ?? Environment.ProcessorCount).Select(Start)];
    }

    /// <summary>Step of the batch that <see cref="Next"/> returns next: what to pass as <c>startStep</c> to resume.</summary>
    public long Position { get; private set; }

    /// <summary>Whole batches in the source; the rest of a shuffled epoch is left out.</summary>
    public int StepsPerEpoch => order.StepsPerEpoch;

    /// <summary>Seconds that <see cref="Next"/> has waited for workers since the start: training's data-wait share.</summary>
    public double WaitSeconds { get; private set; }

    /// <summary>Where the workers' time went since the start.</summary>
    internal LoadTimes Times => clock.Times;

    /// <summary>Samples that could not be read and were replaced by the next one.</summary>
    public long BadSamples => reader.Bad;

    /// <summary>Index and reason of the first ten of them.</summary>
    public IReadOnlyList<string> BadReports => reader.Reports;

    /// <summary>The next batch; give it back by <see cref="Return"/> when its values have been copied.</summary>
    /// <param name="stop">Ends the wait for a batch that is not there yet.</param>
    /// <exception cref="InvalidDataException">Too many samples cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked.</exception>
    public Batch Next(CancellationToken stop = default)
    {
        using var wake = stop.Register(Wake);
        lock (gate)
        {
            var start = Stopwatch.GetTimestamp();
            while (failure == null && !stop.IsCancellationRequested && !(ahead.TryPeek(out var first) && first.Remaining == 0)) Monitor.Wait(gate);
            WaitSeconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            stop.ThrowIfCancellationRequested();
            if (failure != null) ExceptionDispatchInfo.Throw(failure);
            Position++;
            Monitor.PulseAll(gate);
            return ahead.Dequeue().Batch;
        }
    }

    /// <summary>Gives a batch back to be filled again; the caller must not read it any more.</summary>
    /// <exception cref="ArgumentException">It is of another size, or was returned already.</exception>
    public void Return(Batch batch)
    {
        Require.That(batch.Size == batchSize, $"a batch of {batch.Size} was returned to a loader of batches of {batchSize}");
        lock (gate)
        {
            Require.That(!free.Contains(batch), "a batch was returned twice");
            free.Push(batch);
        }
    }

    /// <summary>The next batches; each is returned to the loader when the enumeration moves on.</summary>
    public IEnumerable<Batch> Take(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            var batch = Next();
            try
            {
                yield return batch;
            }
            finally
            {
                Return(batch);
            }
        }
    }

    /// <summary>
    /// Stops the workers, each of which ends with the sample at hand. Waits for them, but no longer than half a second:
    /// a slow source, such as one that fetches images, is then still in a last <see cref="IImageTextSource.Read"/>,
    /// whose result is dropped. <see cref="Next"/> throws <see cref="ObjectDisposedException"/> from then on.
    /// </summary>
    public void Dispose()
    {
        Fail(new ObjectDisposedException(nameof(BatchLoader)));
        var clock = Stopwatch.StartNew();
        foreach (var thread in threads)
            if (MostWait - clock.Elapsed is var left && !thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero)) return;
    }

    void Wake()
    {
        lock (gate) Monitor.PulseAll(gate);
    }

    Thread Start(int worker)
    {
        // Lower priority than the threads that compute: a late batch shows in WaitSeconds, a step slowed down by workers would not.
        var thread = new Thread(Work) { Name = $"data {worker}", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        thread.Start();
        return thread;
    }

    void Work()
    {
        clock.MakeCurrent();
        try
        {
            while (Claim(out int slot) is { } job)
            {
                Fill(job, slot);
                lock (gate)
                    if (--job.Remaining == 0) Monitor.PulseAll(gate);
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    // The next unfilled slot; null once loading has stopped.
    Job? Claim(out int slot)
    {
        lock (gate)
        {
            while (failure == null)
            {
                if (open == null && ahead.Count < prefetch) ahead.Enqueue(open = Open());
                if (open is { } job)
                {
                    slot = job.Claimed++;
                    if (job.Claimed == batchSize) open = null;
                    return job;
                }
                Monitor.Wait(gate);
            }
            slot = -1;
            return null;
        }
    }

    Job Open()
    {
        var length = config.Views.Naflex > 0 ? ViewSampler.Length(config.Views, seed, nextStep) : 0;
        var (epoch, samples) = order.Of(nextStep++);
        return new(free.TryPop(out var batch) ? batch : new(config, batchSize), epoch, samples.Slice(rank * batchSize, batchSize), length);
    }

    void Fill(Job job, int slot)
    {
        // Random streams are keyed by the wanted sample, so that a replacement gets other views here than at its own place in the epoch.
        int wanted = job.Samples[slot];
        ImageTextPair pair;
        using (LoadClock.In(LoadStage.Decode)) pair = reader.Read(wanted, out job.Batch.Samples[slot]);
        var seen = located is null ? [] : new ViewGeometry[config.Views.Captioned];
        using (LoadClock.In(LoadStage.Augment))
        {
            if (job.Length > 0) sampler.FillPacked(pair.Image, job.Epoch, wanted, job.Batch, slot, job.Length);
            else sampler.Fill(pair.Image, job.Epoch, wanted, job.Batch, slot, seen);
        }
        using var _ = LoadClock.In(LoadStage.Tokenize);
        var random = DataStreams.Caption(seed, job.Epoch, wanted);
        var (captions, count) = (pair.Captions, pair.Captions.Count);
        var caption = count == 0 ? "" : captions[config.Views.SecondCaption ? 0 : random.NextInt(count)];
        Say(caption, job.Batch.Tokens, slot);
        if (config.Views.SecondCaption)
            Say(count == 0 ? "" : captions[count == 1 ? 0 : 1 + random.NextInt(count - 1)], job.Batch.SecondTokens, slot);
        located?.Fill(caption, source.HasBoxes ? source.BoxesOf(job.Batch.Samples[slot]) : null, seen, job.Epoch, wanted, job.Batch, slot);
    }

    void Say(string caption, int[] tokens, int slot)
    {
        var length = config.TextLength;
        tokenizer.Tokens(caption, length).CopyTo(tokens.AsSpan(slot * length, length));
    }

    void Fail(Exception error)
    {
        lock (gate)
        {
            failure ??= error;
            Monitor.PulseAll(gate);
        }
    }

    sealed class Job(Batch batch, long epoch, ArraySegment<int> samples, int length)
    {
        public int Length => length;
        public Batch Batch => batch;
        public long Epoch => epoch;
        public ArraySegment<int> Samples => samples;
        public int Claimed { get; set; }
        public int Remaining { get; set; } = samples.Count;
    }
}
