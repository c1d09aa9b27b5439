namespace Silc;

/// <summary>Share of the queries that find a match among the first 1, 5 and 10. Threads: immutable; any number may share it.</summary>
/// <param name="At1">Recall@1.</param>
/// <param name="At5">Recall@5.</param>
/// <param name="At10">Recall@10.</param>
public sealed record Recall(double At1, double At5, double At10);
