using Silc.Samples.Plots;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>The columns of <c>metrics.csv</c> as plots, each with a name of its own; a column that was not measured has none.</summary>
static class RunPlots
{
    /// <summary>Losses with their chance levels, and the quantities that drive them.</summary>
    public static IEnumerable<LinePlot> Losses(RunRecord run)
    {
        var metrics = run.Metrics;
        yield return LossPlot.Of(term => metrics.Over(term.Name), run.Checkpoint?.Config, run.Checkpoint?.Train, "Losses",
            metrics.Over(ValidationMetric.All[0].Column));
        yield return One(metrics, "learning_rate", "Learning rate", "per update");
        yield return One(metrics, "gradient_norm", "Gradient norm", "L2 norm before clipping");
        yield return One(metrics, "temperature", "Temperature", "factor on cosines, exp(t)", fromZero: false);
        if (metrics.Over("bias").Any(point => point.Value != 0)) yield return One(metrics, "bias", "Bias", "b of the sigmoid loss", fromZero: false);
    }

    /// <summary>What was measured while it trained, on images that it did not train on.</summary>
    public static IEnumerable<LinePlot> Validation(RunRecord run)
    {
        var metrics = run.Metrics;
        var train = metrics.Over(LossTerm.Contrastive.Name);
        var loss = ValidationMetric.All[0];
        if (!metrics.Has(loss.Column)) yield break;
        List<PlotLine> lines = [new("validation", metrics.Over(loss.Column), PlotLine.Purple), new("training", train, PlotLine.Blue)];
        if (LossPlot.Level(LossTerm.Contrastive, run.Checkpoint?.Config, run.Checkpoint?.Train) is { } chance)
            lines.Add(new("chance", [(train[0].Step, chance), (train[^1].Step, chance)], PlotLine.Grey, Dashed: true));
        yield return new("validation-loss", "Image-text loss", "loss (nats)", lines);
        var scores = ValidationMetric.All.Where(metric => metric.Rises && metrics.Has(metric.Column)).ToList();
        yield return new("validation", "Scores of validation", "per cent", [.. scores.Select((metric, i) =>
            new PlotLine(metric.Title, metrics.Over(metric.Column, 100), PlotLine.Colours[i % PlotLine.Colours.Count]))]);
    }

    /// <summary>Health of self-distillation; nothing without it.</summary>
    public static IEnumerable<LinePlot> Health(RunRecord run)
    {
        double? most = run.Checkpoint?.Config.Head.Prototypes is { } prototypes ? Math.Log(prototypes) : null;
        // Bounds are those at which training speaks up.
        string Below(double share) => most is { } all ? $"below {Text(share * all)}, {Text(share)} of ln K" : $"below {Text(share)} of ln K";
        LinePlot[] plots =
        [
            One(run.Metrics, "loss_over_log_k", "Loss / ln K", "1: outputs are uniform",
                note: "Healthy: falls below 1 in the first steps and stays there."),
            One(run.Metrics, "teacher_entropy", "Entropy of the teacher", "nats", most: most,
                note: $"Healthy: {Below(DistillationHealth.Uniform)}; 0 means targets that are certain."),
            One(run.Metrics, "mean_entropy", "Entropy of the mean target", "nats; 0: all on one", most: most,
                note: "Healthy: well above 0, where all images fall on one prototype."),
            One(run.Metrics, "groups_told", "Groups of images told apart", "exp of mean entropy - entropy; 1: none",
                note: "Healthy: rises above 2."),
            One(run.Metrics, "concentration", "Concentration on few prototypes", "KL of the mean target from uniform",
                note: "Healthy: well below ln K, where all images fall on one prototype."),
            One(run.Metrics, "center_norm", "Norm of the center", "L2 norm", note: "No bound: it grows while targets sharpen, and should settle."),
            One(run.Metrics, "largest_probability", "Largest probability", "mean over targets",
                note: "Healthy: between 1 / K, uniform targets, and 1, certain ones."),
            One(run.Metrics, "prototypes_used", "Prototypes used", "likeliest of some target",
                note: "Healthy: many; 1 means that all images look the same to the head. A batch can use as many as it has targets."),
            One(run.Metrics, "feature_deviation", "Deviation of image embeddings", "1: far apart; 0: all alike",
                note: $"Healthy: above {Text(DistillationHealth.Alike)}, better near 1."),
            One(run.Metrics, "feature_dimensions", "Dimensions of image embeddings", "effective number",
                note: "Healthy: many; 1 means that they lie on a line."),
        ];
        return plots.Where(plot => plot.Lines[0].HasPoints);
    }

    public static IEnumerable<LinePlot> Speed(RunRecord run)
    {
        yield return One(run.Metrics, "samples_per_second", "Throughput", "images a second");
        yield return One(run.Metrics, "data_wait_share", "Waiting for data", "per cent of the time", factor: 100);
        if (run.Metrics.Has("peak_memory_mib")) yield return One(run.Metrics, "peak_memory_mib", "Peak memory of the process", "MiB resident");
    }

    static string Text(double value) => value.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);

    static LinePlot One(
        RunMetrics metrics, string column, string title, string yLabel, bool fromZero = true, double factor = 1, double? most = null,
        string? note = null)
    {
        var points = metrics.Over(column, factor);
        List<PlotLine> lines = [new(title, points, PlotLine.Blue)];
        if (most is { } level && points.Count > 0)
            lines.Add(new("uniform: ln K", [(points[0].Step, level), (points[^1].Step, level)], PlotLine.Grey, Dashed: true));
        return new(column.Replace('_', '-'), title, yLabel, lines, fromZero, note);
    }
}
