using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>A loss without its weight. Threads: immutable; any number may share it.</summary>
/// <param name="Term">Which loss.</param>
/// <param name="Value">In nats; mean over the batch.</param>
public readonly record struct LossValue(LossTerm Term, double Value);

/// <summary>The losses of a run, each with its value; equal where all of them are. Threads: immutable; any number may share it.</summary>
/// <param name="values">In the order of <see cref="LossTerm.All"/>.</param>
[CollectionBuilder(typeof(LossValues), nameof(Create))]
public sealed class LossValues(ReadOnlySpan<LossValue> values) : IReadOnlyList<LossValue>, IEquatable<LossValues>
{
    readonly LossValue[] values = values.ToArray();

    /// <summary>From a collection expression.</summary>
    public static LossValues Create(ReadOnlySpan<LossValue> values) => new(values);

    /// <summary>How many losses.</summary>
    public int Count => values.Length;

    /// <summary>One of them, by its place in the run.</summary>
    public LossValue this[int index] => values[index];

    /// <summary>The value of one; null if the run has no loss of that kind.</summary>
    public double? Of(LossTerm term)
    {
        foreach (var (known, value) in values)
            if (known == term) return value;
        return null;
    }

    /// <summary>From the first to the last.</summary>
    public IEnumerator<LossValue> GetEnumerator() => values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The same losses with the same values.</summary>
    public bool Equals(LossValues? other) => other is not null && values.AsSpan().SequenceEqual(other.values);

    /// <inheritdoc/>
    public override bool Equals(object? other) => Equals(other as LossValues);

    /// <inheritdoc/>
    public override int GetHashCode() => values.Aggregate(0, HashCode.Combine);

    /// <summary>E.g. contrastive 1.6424, distillation 6.0222.</summary>
    public override string ToString() =>
        string.Join(", ", values.Select(loss => string.Create(CultureInfo.InvariantCulture, $"{loss.Term.Name} {loss.Value:G5}")));
}
