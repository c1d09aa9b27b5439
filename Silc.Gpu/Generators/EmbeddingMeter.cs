using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Silc;

/// <summary>What embedding measures: the meter and the source of activities <c>Silc</c>, as OpenTelemetry reads them.</summary>
static class EmbeddingMeter
{
    public const string Name = "Silc", KindTag = "silc.kind";

    static readonly string? version = typeof(EmbeddingMeter).Assembly.GetName().Version?.ToString(3);
    static readonly Meter meter = new(Name, version);

    public static ActivitySource Source { get; } = new(Name, version);

    public static Counter<long> Embeddings { get; } =
        meter.CreateCounter<long>("silc.embeddings", "{embedding}", "Embeddings made for callers of generators.");

    public static UpDownCounter<long> Waiting { get; } =
        meter.CreateUpDownCounter<long>("silc.embeddings.waiting", "{embedding}", "Rows that wait for a batch.");

    public static Histogram<long> BatchRows { get; } =
        meter.CreateHistogram<long>("silc.batch.size", "{embedding}", "Rows of a batch of the device.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128] });

    public static Histogram<double> BatchSeconds { get; } =
        meter.CreateHistogram<double>("silc.batch.duration", "s", "Time that a batch took on the device.", advice: Seconds);

    public static Histogram<double> QueueSeconds { get; } =
        meter.CreateHistogram<double>("silc.queue.duration", "s", "Time that a call waited for its batch.", advice: Seconds);

    static InstrumentAdvice<double> Seconds => new()
    {
        HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    };
}
