namespace Silc;

/// <summary>Patches of an image that keeps its aspect ratio, but for less than a patch in each direction: NaFlex of SigLIP 2.</summary>
readonly record struct PatchGrid(int Rows, int Columns)
{
    const double Least = 1e-6, Most = 100, Width = 1e-5;

    /// <summary>Patches.</summary>
    public int Count => Rows * Columns;

    /// <summary>
    /// The grid of the largest ratio r with ⌈r·h/p⌉ · ⌈r·w/p⌉ ≤ <paramref name="most"/>, found by halving [1e-6, 100] down to 1e-5.
    /// Tschannen et al. 2025 (SigLIP 2), arXiv:2502.14786, section 2.4.
    /// </summary>
    /// <param name="height">Pixels down.</param>
    /// <param name="width">Pixels across.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="most">Most patches, at least 1.</param>
    public static PatchGrid Of(int height, int width, int patch, int most)
    {
        Require.Positive(most, "most patches of an image");
        double low = Least, high = Most;
        while (high - low >= Width)
        {
            var ratio = (low + high) / 2;
            if (At(ratio).Count <= most) low = ratio;
            else high = ratio;
        }
        var grid = At(low);
        // A side of so many patches, when the other has one already.
        return grid.Count <= most ? grid : new(Math.Min(grid.Rows, most), Math.Min(grid.Columns, most));

        PatchGrid At(double ratio) => new(Side(ratio * height), Side(ratio * width));

        int Side(double pixels) => (int)Math.Max(1, Math.Min(int.MaxValue / 2, Math.Ceiling(pixels / patch)));
    }
}
