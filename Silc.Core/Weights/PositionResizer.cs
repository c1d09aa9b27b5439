namespace Silc;

/// <summary>The linear map that resizes a square grid of learned positions.</summary>
static class PositionResizer
{
    /// <summary>R for a grid of <paramref name="from"/>² cells resized to <paramref name="to"/>²; each row sums to 1.</summary>
    public static float[] Matrix(int from, int to, PositionResize kind)
    {
        var line = Line(from, to, kind);
        var matrix = new float[to * to * from * from];
        for (int y = 0; y < to; y++)
            for (int x = 0; x < to; x++)
                for (int v = 0; v < from; v++)
                    for (int u = 0; u < from; u++)
                        matrix[(y * to + x) * from * from + v * from + u] = (float)(line[y, v] * line[x, u]);
        return matrix;
    }

    /// <summary>
    /// R (rows · columns, from²) for a grid that is no square, as NaFlex resizes positions: bilinear with antialias, each axis for itself.
    /// </summary>
    public static void Fill(int from, PatchGrid to, Span<float> matrix)
    {
        var (down, across) = (Line(from, to.Rows, PositionResize.BilinearAntialias), Line(from, to.Columns, PositionResize.BilinearAntialias));
        for (int y = 0; y < to.Rows; y++)
            for (int x = 0; x < to.Columns; x++)
                for (int v = 0; v < from; v++)
                    for (int u = 0; u < from; u++)
                        matrix[((y * to.Columns + x) * from + v) * from + u] = (float)(down[y, v] * across[x, u]);
    }

    // Weights along one axis, with half-pixel centres; what falls outside the grid counts for the cell at its edge.
    static double[,] Line(int from, int to, PositionResize kind)
    {
        var line = new double[to, from];
        if (kind == PositionResize.BilinearCorners) return BetweenCorners(from, to);
        double ratio = from / (double)to, support = kind == PositionResize.Bicubic ? 2 : Math.Max(1, ratio);
        for (int i = 0; i < to; i++)
        {
            double center = (i + 0.5) * ratio - 0.5, sum = 0;
            for (int j = (int)Math.Ceiling(center - support); j <= center + support; j++)
            {
                if (kind == PositionResize.BilinearAntialias && (j < 0 || j >= from)) continue;
                double weight = kind == PositionResize.Bicubic ? Cubic(Math.Abs(j - center))
                    : Math.Max(0, 1 - Math.Abs(j - center) / support);
                line[i, Math.Clamp(j, 0, from - 1)] += weight;
                sum += weight;
            }
            for (int j = 0; j < from; j++) line[i, j] /= sum;
        }
        return line;
    }

    static double[,] BetweenCorners(int from, int to)
    {
        var line = new double[to, from];
        for (int i = 0; i < to; i++)
        {
            double at = to == 1 ? 0 : i * (from - 1.0) / (to - 1);
            int low = Math.Min((int)at, Math.Max(0, from - 2));
            line[i, low] = 1 - (at - low);
            if (low + 1 < from) line[i, low + 1] = at - low;
        }
        return line;
    }

    // Keys 1981 with a = -0.75, PyTorch's choice.
    static double Cubic(double x)
    {
        const double a = -0.75;
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
    }
}
