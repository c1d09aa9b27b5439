using Silc.Samples.Plots;

namespace Silc.Samples.Training;

/// <summary><c>loss.png</c>: both losses over the steps.</summary>
static class LossPlot
{
    /// <param name="rows">Step, contrastive and distillation loss.</param>
    /// <param name="model">Knows the loss and the number of prototypes; null draws no levels to compare with.</param>
    /// <param name="train">Knows the batch.</param>
    /// <param name="title">Above the plot.</param>
    public static LinePlot Of(
        IReadOnlyList<(long Step, double Contrastive, double Distillation)> rows, SilcConfig? model, TrainConfig? train, string title)
    {
        List<PlotLine> lines = [new("contrastive", [.. rows.Select(row => ((double)row.Step, row.Contrastive))], PlotLine.Blue)];
        if (Chance(model, train) is { } level) lines.Add(Level("chance: ln(batch)", level, PlotLine.Blue));
        if (rows.Any(row => row.Distillation > 0))
        {
            lines.Add(new("distillation", [.. rows.Select(row => ((double)row.Step, row.Distillation))], PlotLine.Orange));
            if (model is not null) lines.Add(Level("uniform: ln K", Math.Log(model.Head.Prototypes), PlotLine.Orange));
        }
        return new("loss", title, "loss (nats)", lines);

        PlotLine Level(string name, double value, Colour colour) =>
            new(name, rows.Count == 0 ? [] : [(rows[0].Step, value), (rows[^1].Step, value)], colour, Dashed: true);
    }

    /// <summary>Contrastive loss of a model that knows nothing; null for the sigmoid's, which depends on the bias.</summary>
    public static double? Chance(SilcConfig? model, TrainConfig? train) =>
        model?.Contrastive == ContrastiveKind.Softmax && train is not null ? Math.Log(train.BatchSize) : null;
}
