namespace Silc.Samples.Evaluation;

/// <summary>One line of a report: how well one method did on one set of images.</summary>
/// <param name="Images">Which images.</param>
/// <param name="Count">How many.</param>
/// <param name="Method">What answered.</param>
/// <param name="Metrics">Names and fractions in [0, 1]; lines with the same names share a table.</param>
sealed record Score(string Images, int Count, string Method, IReadOnlyList<MetricValue> Metrics);

/// <summary>A named fraction.</summary>
sealed record MetricValue(string Name, double Value);
