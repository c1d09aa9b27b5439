using Silc.Samples.Plots;

namespace Silc.Samples.Training;

/// <summary><c>loss.png</c>: every loss over the steps.</summary>
static class LossPlot
{
    // Of 0 throughout: files of earlier versions say so of a loss of weight 0.
    static bool IsMeasured(IReadOnlyList<(double Step, double Value)> points) =>
        points.Any(point => double.IsFinite(point.Value) && point.Value != 0);

    /// <param name="over">A loss over the steps.</param>
    /// <param name="model">Null draws no levels to compare with.</param>
    /// <param name="train">Null draws none either.</param>
    /// <param name="title">Above the plot.</param>
    /// <param name="validation">The image-text loss of validation over the steps; null without.</param>
    public static LinePlot Of(Func<LossTerm, IReadOnlyList<(double Step, double Value)>> over, SilcConfig? model, TrainConfig? train, string title,
        IReadOnlyList<(double Step, double Value)>? validation = null)
    {
        List<PlotLine> lines = [];
        foreach (var term in LossTerm.All)
        {
            var (points, colour) = (over(term), PlotLine.Colours[term.Index % PlotLine.Colours.Count]);
            if (!IsMeasured(points)) continue;
            lines.Add(new(term.Name, points, colour));
            if (Level(term, model, train) is not { } level) continue;
            (double, double)[] ends = [(points[0].Step, level), (points[^1].Step, level)];
            lines.Add(new($"{term.Level!.Name}: {term.Level.Formula}", ends, colour, Dashed: true));
        }
        if (validation?.Any(point => double.IsFinite(point.Value)) == true)
            lines.Add(new("contrastive, validation", validation, PlotLine.Purple));
        var fromZero = lines.All(line => line.Points.All(point => !(point.Y < 0)));
        return new("loss", title, "loss (nats)", lines, fromZero);
    }

    /// <summary>Chance level of a loss; null if it has none.</summary>
    public static double? Level(LossTerm term, SilcConfig? model, TrainConfig? train) =>
        model is null || train is null ? null : term.Level?.Value(model, train);
}
