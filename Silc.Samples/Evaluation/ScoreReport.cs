using System.CommandLine;
using System.Text.Json;
using Silc.Samples.Terminals;
using Spectre.Console;

namespace Silc.Samples.Evaluation;

/// <summary>Shows scores as tables, or writes them as JSON.</summary>
static class ScoreReport
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Shows scores as the command asks: as tables, which may be written to a file, too, or as JSON alone.</summary>
    public static void Show(ParseResult parsed, string model, string data, IReadOnlyList<Score> scores)
    {
        // Of commands that let one choose: scores in 8 bits are others.
        if (parsed.GetResult(EvalOptions.Precision) is not null && parsed.GetValue(EvalOptions.Precision) is var precision and not Precision.Float32)
            scores = [.. scores.Select(score => score.Method.StartsWith("chance", StringComparison.Ordinal) ? score
                : score with { Method = $"{score.Method}, {precision.ToString().ToLowerInvariant()}" })];
        if (EvalOptions.PrintsJson(parsed)) Console.Write(Json(model, data, scores));
        else Show(scores);
        if (EvalOptions.ScoresOf(parsed) is { } file) AtomicFile.WriteText(file.Path, Json(model, data, scores));
    }

    public static void Show(IEnumerable<Score> scores)
    {
        foreach (var lines in scores.GroupBy(score => string.Join('|', score.Metrics.Select(metric => metric.Name))))
        {
            var table = new Table().AddColumns("images", "n", "method");
            foreach (var metric in lines.First().Metrics) table.AddColumn(metric.Name.EscapeMarkup(), column => column.RightAligned());
            table.Columns[1].RightAligned();
            Score? above = null;
            foreach (var line in lines)
            {
                // In a pipe every line is complete, without the layout of groups.
                if (above is not null && above.Images != line.Images && !Console.IsOutputRedirected) table.AddEmptyRow();
                var same = above?.Images == line.Images && !Console.IsOutputRedirected;
                table.AddRow([
                    same ? "" : line.Images.EscapeMarkup(), same ? "" : $"{line.Count:N0}", line.Method.EscapeMarkup(),
                    .. line.Metrics.Select(metric => metric.Text),
                ]);
                above = line;
            }
            Terminal.Write(table);
        }
    }

    // {"model", "data", "scores"}; a score's metrics are an object by name.
    static string Json(string model, string data, IEnumerable<Score> scores)
    {
        var content = new
        {
            Model = model,
            Data = data,
            Scores = scores.Select(score => new
            {
                score.Images,
                score.Count,
                score.Method,
                // JSON knows no NaN: what was not measured is left out.
                Metrics = score.Metrics.Where(metric => double.IsFinite(metric.Value)).ToDictionary(metric => metric.Name, metric => metric.Value),
            }),
        };
        return JsonSerializer.Serialize(content, Indented) + "\n";
    }

    // Chance over a thousand classes is a tenth of a per cent: such values want another digit.
    public static string Percent(double value) => double.IsNaN(value) ? "" : value is > 0 and < 0.01 ? $"{100 * value:F2} %" : $"{100 * value:F1} %";
}
