using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Silc;

/// <summary>
/// Gathers rows that many callers want embedded into batches of the device: while one batch is at work others queue, and the next batch takes them
/// in the order of their coming, up to its size. Nobody waits for a batch to fill. Threads: any number may call.
/// </summary>
/// <param name="kind">What the rows are, for measurements: <c>text</c> or <c>image</c>.</param>
/// <param name="atOnce">Most rows of a batch.</param>
/// <param name="embed">Embeds rows, in order.</param>
/// <param name="log">Is told what failed.</param>
sealed partial class DeviceBatcher<T>(string kind, Func<int> atOnce, Func<IReadOnlyList<T>, Vectors> embed, ILogger log)
{
    readonly Lock gate = new();
    readonly Queue<(Call Call, int Row)> waiting = new();
    readonly TagList tags = new() { { EmbeddingMeter.KindTag, kind } };
    bool draining;

    /// <summary>Embeds rows: one vector a row, in their order.</summary>
    /// <param name="rows">What to embed.</param>
    /// <param name="stop">Rows that are still waiting then are not embedded; a batch that is at work ends in its own time, unseen.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked.</exception>
    public async Task<float[][]> Embed(IReadOnlyList<T> rows, CancellationToken stop)
    {
        if (rows.Count == 0) return [];
        stop.ThrowIfCancellationRequested();
        var call = new Call(rows, stop);
        lock (gate)
        {
            for (int i = 0; i < rows.Count; i++) waiting.Enqueue((call, i));
            if (!draining) _ = Task.Run(Drain, CancellationToken.None);
            draining = true;
        }
        EmbeddingMeter.Waiting.Add(rows.Count, tags);
        using var registration = stop.Register(() => call.Done.TrySetCanceled(stop));
        return await call.Done.Task.ConfigureAwait(false);
    }

    void Drain()
    {
        while (Take() is { Count: > 0 } batch) Run(batch);
    }

    // The next batch; none when nothing waits, and then the drain is over.
    List<(Call Call, int Row)> Take()
    {
        var (batch, taken, most) = (new List<(Call, int)>(), 0, Math.Max(1, atOnce()));
        lock (gate)
        {
            while (batch.Count < most && waiting.TryDequeue(out var next))
            {
                taken++;
                if (!next.Call.Done.Task.IsCompleted) batch.Add(next);
            }
            if (batch.Count == 0) draining = false;
        }
        if (taken > 0) EmbeddingMeter.Waiting.Add(-taken, tags);
        return batch;
    }

    void Run(List<(Call Call, int Row)> batch)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var call in batch.Select(entry => entry.Call).Distinct())
            EmbeddingMeter.QueueSeconds.Record(Stopwatch.GetElapsedTime(call.Came, begun).TotalSeconds, tags);
        try
        {
            using var activity = EmbeddingMeter.Source.StartActivity("silc.batch");
            activity?.SetTag(EmbeddingMeter.KindTag, kind).SetTag("silc.batch.size", batch.Count);
            var vectors = embed([.. batch.Select(entry => entry.Call.Rows[entry.Row])]);
            Require.That(vectors.Count == batch.Count, $"{vectors.Count} vectors of {batch.Count} rows");
            var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            EmbeddingMeter.BatchRows.Record(batch.Count, tags);
            EmbeddingMeter.BatchSeconds.Record(seconds, tags);
            EmbeddingMeter.Embeddings.Add(batch.Count, tags);
            LogBatch(log, batch.Count, kind, seconds);
            foreach (var (i, (call, row)) in batch.Index()) call.Give(row, vectors.Row(i).ToArray());
        }
        // Any error goes to the callers that wait for this batch; later batches may succeed.
        catch (Exception error)
        {
            LogFailure(log, batch.Count, kind, error);
            foreach (var (call, _) in batch) call.Done.TrySetException(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "embedded {Rows} x {Kind} in {Seconds:F4} s")]
    static partial void LogBatch(ILogger log, int rows, string kind, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "a batch of {Rows} x {Kind} failed")]
    static partial void LogFailure(ILogger log, int rows, string kind, Exception error);

    /// <summary>Rows that came together, and those of their vectors that are there.</summary>
    sealed class Call(IReadOnlyList<T> rows, CancellationToken stop)
    {
        readonly float[][] vectors = new float[rows.Count][];
        int missing = rows.Count;

        public long Came { get; } = Stopwatch.GetTimestamp();

        public IReadOnlyList<T> Rows => rows;

        public TaskCompletionSource<float[][]> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Called by the drain alone, of which one runs at a time.
        public void Give(int row, float[] vector)
        {
            vectors[row] = vector;
            if (--missing > 0) return;
            if (stop.IsCancellationRequested) Done.TrySetCanceled(stop);
            else Done.TrySetResult(vectors);
        }
    }
}
