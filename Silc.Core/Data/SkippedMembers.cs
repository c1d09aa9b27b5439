namespace Silc;

/// <summary>Files of a folder, or members of shards, that a source leaves out, for one reason. Threads: immutable; any number may share it.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Count">How many.</param>
/// <param name="Examples">The first few: paths, of shards with the member.</param>
public sealed record SkippedMembers(string Reason, long Count, IReadOnlyList<string> Examples)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Count} x {Reason} ({string.Join(", ", Examples)}{(Count > Examples.Count ? ", ..." : "")})";
}
