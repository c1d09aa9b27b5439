namespace Silc.Samples.Evaluation;

/// <summary>One line of a report: how well one method did on one set of images.</summary>
/// <param name="Images">Which images.</param>
/// <param name="Count">How many.</param>
/// <param name="Method">What answered.</param>
/// <param name="Metrics">Names and values; lines with the same names share a table.</param>
sealed record Score(string Images, int Count, string Method, IReadOnlyList<MetricValue> Metrics);

/// <summary>A named fraction, or CIDEr-D, which is none: a similarity of up to 10, which papers print times 100.</summary>
sealed record MetricValue(string Name, double Value)
{
    /// <summary>The value in words.</summary>
    public string Text => Name != "CIDEr-D" ? ScoreReport.Percent(Value) : double.IsNaN(Value) ? "" : $"{100 * Value:F1}";
}
