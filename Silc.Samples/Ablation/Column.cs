namespace Silc.Samples.Ablation;

/// <summary>A column of the table: one metric of one score.</summary>
/// <param name="Name">Of the column.</param>
/// <param name="Pictures">Part of the score's pictures.</param>
/// <param name="Method">How its method begins.</param>
/// <param name="Metric">Its metric.</param>
sealed record Column(string Name, string Pictures, string Method, string Metric)
{
    public bool Is(AblationRow row) => row.Metric == Metric && row.Pictures.Contains(Pictures) && row.Method.StartsWith(Method, StringComparison.Ordinal);
}
