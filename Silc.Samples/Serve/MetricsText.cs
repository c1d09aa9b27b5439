using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Silc.Samples.Serve;

/// <summary>
/// What is measured in this process, as Prometheus reads it (text format 0.0.4): the meter <c>Silc</c> and those of ASP.NET Core. Threads: any
/// number may call.
/// </summary>
sealed class MetricsText : IDisposable
{
    // Those that OpenTelemetry gives the durations of requests.
    static readonly double[] usual = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    readonly Lock gate = new();
    readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);
    readonly MeterListener listener = new();

    public MetricsText()
    {
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter.Name is "Silc" or "Microsoft.AspNetCore.Hosting" or "Microsoft.AspNetCore.Server.Kestrel"
                or "Microsoft.AspNetCore.RateLimiting") it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>(Record);
        listener.Start();
    }

    void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state = null)
    {
        var labels = Labels(tags);
        lock (gate)
        {
            if (!families.TryGetValue(instrument.Name, out var family)) families[instrument.Name] = family = new(instrument);
            family.Add(labels, value);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        lock (gate)
            foreach (var family in families.Values) family.Write(text);
        return $"{text}";
    }

    static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>();
        foreach (var (name, value) in tags)
        {
            var escaped = string.Create(CultureInfo.InvariantCulture, $"{value}").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            labels.Add($"{Name(name)}=\"{escaped}\"");
        }
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }

    static string Name(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    public void Dispose() => listener.Dispose();

    sealed class Family(Instrument instrument)
    {
        readonly bool histogram = instrument is Histogram<int> or Histogram<long> or Histogram<double>;
        readonly bool grows = instrument is Counter<int> or Counter<long> or Counter<double>;
        readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);
        readonly double[] bounds = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } own } => [.. own],
            Histogram<long> { Advice.HistogramBucketBoundaries: { Count: > 0 } own } => [.. own.Select(bound => (double)bound)],
            _ => usual,
        };

        public void Add(string labels, double value)
        {
            if (!series.TryGetValue(labels, out var one)) series[labels] = one = new(histogram ? new long[bounds.Length] : []);
            one.Sum += value;
            one.Count++;
            for (int i = 0; i < one.Buckets.Length; i++)
                if (value <= bounds[i]) one.Buckets[i]++;
        }

        public void Write(StringBuilder text)
        {
            var unit = instrument.Unit == "s" ? "_seconds" : "";
            var name = $"{Name(instrument.Name)}{unit}{(grows ? "_total" : "")}";
            text.Append($"# HELP {name} {instrument.Description?.ReplaceLineEndings(" ")}\n");
            text.Append($"# TYPE {name} {(histogram ? "histogram" : grows ? "counter" : "gauge")}\n");
            foreach (var (labels, one) in series)
            {
                if (!histogram)
                {
                    Line(name, labels, one.Sum);
                    continue;
                }
                var before = labels == "" ? "" : $"{labels},";
                foreach (var (i, bound) in bounds.Index()) Line($"{name}_bucket", $"{before}le=\"{Number(bound)}\"", one.Buckets[i]);
                Line($"{name}_bucket", $"{before}le=\"+Inf\"", one.Count);
                Line($"{name}_sum", labels, one.Sum);
                Line($"{name}_count", labels, one.Count);
            }

            void Line(string of, string labels, double value) =>
                text.Append(of).Append(labels == "" ? "" : $"{{{labels}}}").Append(' ').Append(Number(value)).Append('\n');
        }

        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }

    sealed class Series(long[] buckets)
    {
        public long[] Buckets => buckets;

        public double Sum { get; set; }

        public long Count { get; set; }
    }
}
