namespace Silc.Samples.Training;

/// <summary><c>loss.png</c>: both losses over the steps.</summary>
static class LossPlot
{
    static readonly Colour Blue = new(0.15f, 0.39f, 0.92f), Orange = new(0.92f, 0.35f, 0.05f), Grey = new(0.45f, 0.47f, 0.5f);

    /// <param name="path">The file; nothing is written without rows.</param>
    /// <param name="rows">Step, contrastive and distillation loss.</param>
    /// <param name="chance">Contrastive loss of a model that knows nothing; null draws no such line.</param>
    /// <param name="title">Above the plot.</param>
    public static void Write(string path, IReadOnlyList<(long Step, double Contrastive, double Distillation)> rows, double? chance, string title)
    {
        if (rows.Count == 0) return;
        List<ChartLine> lines = [new("contrastive (image-text)", [.. rows.Select(row => ((double)row.Step, row.Contrastive))], Blue)];
        if (rows.Any(row => row.Distillation > 0))
            lines.Add(new("distillation (local-to-global)", [.. rows.Select(row => ((double)row.Step, row.Distillation))], Orange));
        if (chance is { } level) lines.Add(new("contrastive at chance: ln(batch)", [(0, level), (rows[^1].Step, level)], Grey, Dashed: true));
        LineChart.Write(path, title, "step", "loss (nats)", lines);
    }
}
