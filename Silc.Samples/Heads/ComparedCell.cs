using System.Text.Json;
using Silc.Samples.Evaluation;

namespace Silc.Samples.Heads;

/// <summary>One head on one tower: how it was trained, and its scores beside their floors. A file of its own, written once it is done.</summary>
/// <param name="Tower">What the table calls the tower.</param>
/// <param name="Fingerprint">Of the tower's weights.</param>
/// <param name="Task">Of <see cref="ComparedTask"/>.</param>
/// <param name="Seed">Of the head.</param>
/// <param name="Trained">The line that trained the head.</param>
/// <param name="Asked">The line that asked it.</param>
/// <param name="Seconds">What both took.</param>
/// <param name="Scores">Of the head and its floors, by method and metric.</param>
sealed record ComparedCell(string Tower, string Fingerprint, string Task, int Seed, string Trained, string Asked, double Seconds,
    IReadOnlyList<ComparedScore> Scores)
{
    static readonly JsonSerializerOptions indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The value of a row; NaN where it was not measured.</summary>
    public double Value(string method, string metric)
    {
        var scores = Scores.Where(score => score.Method.StartsWith(method, StringComparison.Ordinal)
            // A head before its first step is a floor of the same.
            && (method.Contains("before", StringComparison.Ordinal) || !score.Method.Contains("before", StringComparison.Ordinal)));
        return scores.FirstOrDefault() is { } found && found.Metrics.TryGetValue(metric, out var value) ? value : double.NaN;
    }

    /// <summary>Scores as a cell keeps them: what was not measured is left out.</summary>
    public static IReadOnlyList<ComparedScore> Of(IEnumerable<Score> scores) =>
        [.. scores.Select(score => new ComparedScore(score.Images, score.Count, score.Method,
            score.Metrics.Where(metric => double.IsFinite(metric.Value)).ToDictionary(metric => metric.Name, metric => metric.Value)))];

    /// <summary>Reads the file; null where there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static ComparedCell? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<ComparedCell>(File.ReadAllText(path), indented) is { Scores: not null, Trained: not null } cell ? cell
                : throw new JsonException("it has no scores");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is no result of silc head compare: {error.Message}. Remove it, and that head is trained again");
        }
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, indented) + "\n");
}

/// <summary>One line of a cell.</summary>
/// <param name="Images">Which images.</param>
/// <param name="Count">How many.</param>
/// <param name="Method">What answered.</param>
/// <param name="Metrics">Fractions by name.</param>
sealed record ComparedScore(string Images, int Count, string Method, IReadOnlyDictionary<string, double> Metrics);
