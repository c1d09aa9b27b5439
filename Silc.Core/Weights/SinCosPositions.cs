namespace Silc;

/// <summary>
/// Positions that are computed: sine and cosine of column and row at width / 4 frequencies from 1 down to 1 / 10,000. MoCo v3's (Chen et al. 2021,
/// arXiv:2104.02057), big_vision's <c>posemb="sincos2d"</c>.
/// </summary>
static class SinCosPositions
{
    /// <summary>(grid · grid, width), row by row.</summary>
    /// <exception cref="ArgumentException">The width is no multiple of 4, or below 8.</exception>
    public static float[] Table(int grid, int width)
    {
        int quarter = width / 4;
        Require.That(width % 4 == 0 && quarter > 1, $"positions of sine and cosine need a width that 4 divides, and 8 at least; it is {width}");
        var table = new float[grid * grid * width];
        for (int cell = 0; cell < grid * grid; cell++)
            for (int k = 0; k < quarter; k++)
            {
                double frequency = Math.Pow(10_000, -k / (quarter - 1.0));
                var ((y, x), at) = (Math.DivRem(cell, grid), cell * width + k);
                (table[at], table[at + quarter]) = ((float)Math.Sin(x * frequency), (float)Math.Cos(x * frequency));
                (table[at + 2 * quarter], table[at + 3 * quarter]) = ((float)Math.Sin(y * frequency), (float)Math.Cos(y * frequency));
            }
        return table;
    }
}
