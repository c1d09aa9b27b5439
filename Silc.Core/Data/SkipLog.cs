namespace Silc;

/// <summary>Counts what a scan leaves out, by reason. One for each shard, put together in the order of the shards.</summary>
sealed class SkipLog
{
    const int MaxExamples = 3;

    readonly SortedDictionary<string, (long Count, List<string> Examples)> reasons = new(StringComparer.Ordinal);

    public void Add(string reason, string example) => Add(reason, 1, [example]);

    public void Add(SkipLog log)
    {
        foreach (var (reason, (count, examples)) in log.reasons) Add(reason, count, examples);
    }

    public IReadOnlyList<SkippedMembers> Report() =>
        [.. reasons.Select(reason => new SkippedMembers(reason.Key, reason.Value.Count, reason.Value.Examples))];

    void Add(string reason, long count, IEnumerable<string> examples)
    {
        var known = reasons.GetValueOrDefault(reason, (0, []));
        known.Examples.AddRange(examples.Take(MaxExamples - known.Examples.Count));
        reasons[reason] = (known.Count + count, known.Examples);
    }
}
