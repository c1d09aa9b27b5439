namespace Silc;

/// <summary>A checkpoint that cannot be gone on from. Threads: immutable; any number may share it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">What is wrong with it; names the file.</param>
public sealed record SkippedCheckpoint(string Path, string Reason);
