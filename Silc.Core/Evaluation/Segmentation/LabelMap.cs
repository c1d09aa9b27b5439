namespace Silc;

/// <summary>A class for every pixel, row by row. Threads: any number may read it, while nobody changes its arrays.</summary>
/// <param name="Width">Pixels across.</param>
/// <param name="Height">Pixels down.</param>
/// <param name="Labels">Class of each pixel, or <see cref="Ignore"/>.</param>
public sealed record LabelMap(int Width, int Height, int[] Labels)
{
    /// <summary>A pixel whose class nobody knows, or that does not count.</summary>
    public const int Ignore = -1;

    /// <summary>The same map with every label replaced.</summary>
    public LabelMap Map(Func<int, int> label) => this with { Labels = Array.ConvertAll(Labels, value => label(value)) };
}
