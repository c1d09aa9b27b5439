using ScottPlot;

namespace Silc.Samples.Training;

/// <summary><c>loss.png</c>: both losses over the steps.</summary>
static class LossPlot
{
    static readonly Color Blue = Color.FromHex("#2563eb"), Orange = Color.FromHex("#ea580c"), Grey = Color.FromHex("#6b7280");

    /// <param name="path">The file.</param>
    /// <param name="rows">Step, contrastive and distillation loss.</param>
    /// <param name="chance">Contrastive loss of a model that knows nothing, drawn as a dashed line; null draws none.</param>
    /// <param name="title">Above the plot.</param>
    public static void Write(string path, IReadOnlyList<(long Step, double Contrastive, double Distillation)> rows, double? chance, string title)
    {
        if (rows.Count == 0) return;
        var plot = new Plot();
        double[] steps = [.. rows.Select(row => (double)row.Step)];
        Line(plot, "contrastive (image-text)", Blue, steps, [.. rows.Select(row => row.Contrastive)]);
        if (rows.Any(row => row.Distillation > 0))
            Line(plot, "distillation (local-to-global)", Orange, steps, [.. rows.Select(row => row.Distillation)]);
        if (chance is { } level)
        {
            var line = plot.Add.HorizontalLine(level, 1.5f, Grey, LinePattern.Dashed);
            line.LegendText = "contrastive at chance, ln B";
        }
        plot.Axes.SetLimitsY(0, 1.08 * Math.Max(chance ?? 0, rows.Max(row => Math.Max(row.Contrastive, row.Distillation))));
        plot.Axes.SetLimitsX(0, Math.Max(1, steps[^1]));
        plot.Title(title, 18);
        plot.XLabel("step", 15);
        plot.YLabel("loss (nats)", 15);
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.08);
        plot.Axes.Right.FrameLineStyle.Width = plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.ShowLegend(Alignment.UpperRight);
        plot.Legend.FontSize = 14;
        plot.SavePng(path, 1000, 600);
    }

    static void Line(Plot plot, string name, Color colour, double[] x, double[] y)
    {
        var line = plot.Add.Scatter(x, y, colour);
        (line.LegendText, line.LineWidth, line.MarkerSize) = (name, 2.5f, x.Length < 20 ? 6 : 0);
    }
}
