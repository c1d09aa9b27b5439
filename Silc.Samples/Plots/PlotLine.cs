namespace Silc.Samples.Plots;

/// <summary>One line of a <see cref="LinePlot"/>.</summary>
/// <param name="Name">Words in the legend.</param>
/// <param name="Points">From left to right; what is not finite is left out.</param>
/// <param name="Colour">Colour of the line.</param>
/// <param name="Dashed">A level to compare with, rather than a measurement.</param>
sealed record PlotLine(string Name, IReadOnlyList<(double X, double Y)> Points, Colour Colour, bool Dashed = false)
{
    public static readonly Colour Blue = new(0.15f, 0.39f, 0.92f), Orange = new(0.92f, 0.35f, 0.05f), Grey = new(0.45f, 0.47f, 0.5f);

    public bool HasPoints => Points.Any(point => double.IsFinite(point.Y));
}
