namespace Silc;

/// <summary>
/// Along one axis: which patches of which windows make up a pixel's score. Each window is interpolated linearly between the
/// centres of its patches (half-pixel centres, constant outside), and windows that cover the pixel are averaged. Patches of all
/// windows are numbered one after another.
/// </summary>
readonly struct CellWeights
{
    readonly (int Cell, float Weight)[][] pixels;

    /// <param name="pixels">Pixels of the label map along the axis.</param>
    /// <param name="length">Pixels of the resized image along it.</param>
    /// <param name="starts">Where windows start in the resized image.</param>
    /// <param name="side">Side of a window.</param>
    /// <param name="cells">Patches of a window along the axis.</param>
    public CellWeights(int pixels, int length, int[] starts, int side, int cells)
    {
        double scale = length / (double)pixels, patch = side / (double)cells;
        this.pixels = new (int, float)[pixels][];
        for (int i = 0; i < pixels; i++)
        {
            double at = (i + 0.5) * scale;
            int[] covering = [.. Enumerable.Range(0, starts.Length).Where(w => at >= starts[w] && at <= starts[w] + side)];
            var taps = new List<(int, float)>();
            foreach (var window in covering)
            {
                double cell = Math.Clamp((at - starts[window]) / patch - 0.5, 0, cells - 1), part = cell - Math.Floor(cell);
                int low = (int)cell;
                taps.Add((window * cells + low, (float)((1 - part) / covering.Length)));
                if (part > 0) taps.Add((window * cells + low + 1, (float)(part / covering.Length)));
            }
            this.pixels[i] = [.. taps];
        }
    }

    public ReadOnlySpan<(int Cell, float Weight)> Of(int pixel) => pixels[pixel];
}
