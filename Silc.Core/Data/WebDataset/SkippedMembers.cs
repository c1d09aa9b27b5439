namespace Silc;

/// <summary>Members of shards that were left out, for one reason.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Count">How many.</param>
/// <param name="Examples">The first few, each as shard and member.</param>
public sealed record SkippedMembers(string Reason, long Count, IReadOnlyList<string> Examples)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Count} x {Reason} ({string.Join(", ", Examples)}{(Count > Examples.Count ? ", ..." : "")})";
}
