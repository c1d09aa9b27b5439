namespace Silc;

/// <summary>One line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">Words in the legend.</param>
/// <param name="Points">From left to right.</param>
/// <param name="Colour">Colour of the line.</param>
/// <param name="Dashed">A level to compare with, rather than a measurement.</param>
public sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points, Colour Colour, bool Dashed = false);
