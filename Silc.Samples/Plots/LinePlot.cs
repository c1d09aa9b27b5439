using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using SkiaSharp;

namespace Silc.Samples.Plots;

/// <summary>Lines over the steps of a run, laid out by OxyPlot: a file of its own as PNG, part of a page as SVG.</summary>
/// <param name="Name">Of the PNG file, without its ending.</param>
/// <param name="Title">Words above; pages write them as text.</param>
/// <param name="YLabel">What runs up, with its unit.</param>
/// <param name="Lines">In the order of the legend.</param>
/// <param name="FromZero">The vertical axis begins at 0.</param>
/// <param name="Note">A sentence below, on pages; null for none.</param>
sealed record LinePlot(string Name, string Title, string YLabel, IReadOnlyList<PlotLine> Lines, bool FromZero = true, string? Note = null)
{
    const int Width = 1000, Height = 600, FewPoints = 20;
    const double Margin = 0.025;

    static readonly OxyColor Ink = OxyColor.FromRgb(35, 38, 42), Soft = OxyColor.FromRgb(95, 100, 106), Grid = OxyColor.FromRgb(232, 234, 237);

    // Inside the SVG, because an image in a page follows the dark mode by its own style alone.
    const string Style = "<style>text{fill:#23262a;font-family:system-ui,sans-serif}"
        + "@media(prefers-color-scheme:dark){text{fill:#d9dce1}"
        + "[style*='rgb(232,234,237)']{stroke:#30353c!important}[style*='rgb(95,100,106)']{stroke:#8a919b!important}}</style>";

    /// <summary>Writes a PNG file; nothing is written without points.</summary>
    public void WritePng(string path)
    {
        if (Lines.Any(line => line.HasPoints)) SheetFile.Write(path, StrokeRenderContext.Draw(Model(Title, scale: 1.5), Width, Height));
    }

    /// <summary>The plot as an image that takes the width and the colour scheme of the page around it.</summary>
    public string Svg(int width, int height)
    {
        // Which font a browser takes is not known: DejaVu Sans is about the widest.
        using var nowhere = new SKNoDrawCanvas(width, height);
        var svg = SvgExporter.ExportToString(Model(title: null, scale: 1), width, height, isDocument: false,
            new StrokeRenderContext(nowhere, wide: 1.12));
        var start = svg.IndexOf("<svg", StringComparison.Ordinal);
        var end = svg.IndexOf('>', start) + 1;
        return $"<svg viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">{Style}{svg.AsSpan(end)}";
    }

    PlotModel Model(string? title, double scale)
    {
        var model = new PlotModel
        {
            Title = title,
            TitleFontSize = 17 * scale,
            TitleFontWeight = FontWeights.Bold,
            TitleHorizontalAlignment = TitleHorizontalAlignment.CenteredWithinView,
            DefaultFontSize = 12 * scale,
            TextColor = Ink,
            PlotAreaBorderThickness = new(0),
            Padding = new(6 * scale, 8 * scale, 14 * scale, 6 * scale),
        };
        model.Axes.Add(Axis(AxisPosition.Bottom, "step", scale));
        model.Axes.Add(Axis(AxisPosition.Left, YLabel, scale));
        if (FromZero) model.Axes[1].AbsoluteMinimum = model.Axes[1].Minimum = 0;
        model.Axes[0].MinimumMajorStep = 1;
        model.Axes[0].MinimumPadding = model.Axes[0].MaximumPadding = 0;
        // One line alone has its name above the plot.
        if (Lines.Count > 1)
            model.Legends.Add(new Legend
            {
                LegendPlacement = LegendPlacement.Outside,
                LegendPosition = LegendPosition.TopLeft,
                LegendOrientation = LegendOrientation.Horizontal,
                LegendSymbolLength = 24 * scale,
                LegendPadding = 0,
                LegendMargin = 4 * scale,
                LegendFontSize = 12 * scale,
            });
        foreach (var line in Lines) model.Series.Add(Series(line, scale));
        if (!model.Series.OfType<LineSeries>().Any(series => series.MarkerType != MarkerType.None)) return model;
        // Dots at the ends and at 0 are cut off at the axes: these stand a little apart.
        model.Axes[0].MinimumPadding = model.Axes[0].MaximumPadding = Margin;
        var most = Lines.SelectMany(line => line.Points).Where(point => double.IsFinite(point.Y)).Max(point => point.Y);
        if (FromZero && most > 0) (model.Axes[1].AbsoluteMinimum, model.Axes[1].Minimum, model.Axes[1].Maximum) =
            (-Margin * most, -Margin * most, (1 + Margin) * most);
        return model;
    }

    static LinearAxis Axis(AxisPosition position, string title, double scale) => new()
    {
        Position = position,
        Title = title,
        AxislineStyle = LineStyle.Solid,
        AxislineColor = Soft,
        TicklineColor = Soft,
        MinorTickSize = 0,
        MajorTickSize = 4 * scale,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = Grid,
        IntervalLength = 70 * scale,
        AxisTitleDistance = 6 * scale,
        StringFormat = "0.######",
        MaximumPadding = 0.06,
    };

    static LineSeries Series(PlotLine line, double scale)
    {
        var series = new LineSeries
        {
            Title = line.Name,
            Color = OxyColor.FromRgb((byte)(255 * line.Colour.R), (byte)(255 * line.Colour.G), (byte)(255 * line.Colour.B)),
            StrokeThickness = (line.Dashed ? 1.2 : 1.8) * scale,
            LineStyle = line.Dashed ? LineStyle.Dash : LineStyle.Solid,
            LineJoin = LineJoin.Round,
            Decimator = Decimator.Decimate,
        };
        series.Points.AddRange(line.Points.Where(point => double.IsFinite(point.Y)).Select(point => new DataPoint(point.X, point.Y)));
        // A few measurements are worth a dot each; many would hide the line.
        if (line.Dashed || series.Points.Count > FewPoints) return series;
        (series.MarkerType, series.MarkerSize, series.MarkerFill) = (MarkerType.Circle, 2.8 * scale, series.Color);
        return series;
    }
}
