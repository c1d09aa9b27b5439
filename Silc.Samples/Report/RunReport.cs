using Silc.Samples.Plots;
using Silc.Samples.Training;

namespace Silc.Samples.Report;

/// <summary>A run, the evaluation of its model and what is missing: a page, and its plots as files.</summary>
/// <param name="Run">What its folder says.</param>
/// <param name="Evaluation">What its model answers; null if it was not asked.</param>
/// <param name="Missing">What the report lacks, and how to get it.</param>
/// <param name="Here">Where the model was asked.</param>
sealed record RunReport(RunRecord Run, RunEvaluation? Evaluation, IReadOnlyList<string> Missing, SessionNote? Here)
{
    const int MapScale = 12;

    public IReadOnlyList<LinePlot> Losses { get; } = Measured(RunPlots.Losses(Run));

    public IReadOnlyList<LinePlot> Validation { get; } = Measured(RunPlots.Validation(Run));

    public IReadOnlyList<LinePlot> Health { get; } = Measured(RunPlots.Health(Run));

    public IReadOnlyList<LinePlot> Speed { get; } = Measured(RunPlots.Speed(Run));

    /// <summary>Writes the page, whole or not at all.</summary>
    public void WritePage(string path) => AtomicFile.WriteText(path, new ReportPage(this).Text.Text);

    /// <summary>Writes every plot and sheet of the page as PNG; returns how many there are.</summary>
    public int WriteImages(string folder)
    {
        int count = 0;
        foreach (var plot in (LinePlot[])[.. Losses, .. Validation, .. Health, .. Speed]) Write(plot.Name, plot.WritePng);
        if (Evaluation is null) return count;
        foreach (var (i, (name, confusion, classes)) in Evaluation.Classes.Found.Index())
            Write($"confusion-{i + 1}", path => ConfusionChart.Write(path, name, confusion, classes));
        foreach (var (i, (name, rows)) in Evaluation.Retrieval.Index()) Write($"retrieval-{i + 1}", path => ContactSheet.Write(path, rows, name));
        if (Evaluation.Segmentation.Count > 0) Write("segmentation", Evaluation.WriteSegmentation);
        if (Evaluation.Maps.Count > 0)
            Write("patches", path => ContactSheet.Write(path, [.. Evaluation.Maps.Select(Row)], "Patch features, attention of the pooling"));
        return count;

        void Write(string name, Action<string> write)
        {
            write(Path.Combine(folder, $"{name}.png"));
            count++;
        }
    }

    static ContactSheetRow Row(PatchMap map, int index) => new($"image {index + 1}",
    [
        new(map.Image, "image"), new(Thumbnail.Enlarged(map.Features, MapScale), "features"),
        new(Thumbnail.Enlarged(map.Attention, MapScale), "attention"),
    ]);

    static List<LinePlot> Measured(IEnumerable<LinePlot> plots) => [.. plots.Where(plot => plot.Lines.Any(line => line.HasPoints))];
}
