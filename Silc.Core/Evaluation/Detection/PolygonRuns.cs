namespace Silc;

/// <summary>
/// The runs of a polygon's mask by COCO's rule: its border is walked on a grid five times as fine as the pixels; wherever the walk goes from one
/// column of pixels to the next, every pixel below changes sides. Threads: any number may call.
/// </summary>
static class PolygonRuns
{
    const int Finer = 5;

    /// <summary>Runs down the columns, no first.</summary>
    /// <param name="corners">x and y of each corner in turn.</param>
    /// <param name="width">Of the mask.</param>
    /// <param name="height">Of the mask.</param>
    /// <exception cref="ArgumentException">Fewer than three corners, or one that is not finite.</exception>
    public static int[] Of(IReadOnlyList<double> corners, int width, int height)
    {
        Require.That(corners.Count >= 6 && corners.Count % 2 == 0,
            $"a polygon has {corners.Count} numbers, it must have x and y of three corners or more");
        Require.That(corners.All(value => Math.Abs(value) < 1e8), "a corner of a polygon is not a finite number of pixels");
        var changes = new List<int>();
        (int X, int Y)? last = null;
        foreach (var (x, y) in Walk(corners))
        {
            if (last is { } before && before.X != x && Column(Math.Min(before.X, x), width) is { } column)
                changes.Add(column * height + (int)Math.Ceiling(Math.Clamp((Math.Min(before.Y, y) + 0.5) / Finer - 0.5, 0, height)));
            last = (x, y);
        }
        changes.Sort();
        return Runs(changes, width * height);
    }

    // The column whose middle lies between two places of the fine grid; null for other places.
    static int? Column(int left, int width)
    {
        double column = (left + 0.5) / Finer - 0.5;
        return column == Math.Floor(column) && column >= 0 && column <= width - 1 ? (int)column : null;
    }

    static IEnumerable<(int X, int Y)> Walk(IReadOnlyList<double> corners)
    {
        int count = corners.Count / 2;
        (int X, int Y) Corner(int i) => ((int)(Finer * corners[2 * (i % count)] + 0.5), (int)(Finer * corners[2 * (i % count) + 1] + 0.5));
        for (int i = 0; i < count; i++)
        {
            var (from, to) = (Corner(i), Corner(i + 1));
            int across = Math.Abs(to.X - from.X), down = Math.Abs(to.Y - from.Y), steps = Math.Max(across, down);
            bool flat = across >= down, back = flat ? from.X > to.X : from.Y > to.Y;
            if (back) (from, to) = (to, from);
            double slope = steps == 0 ? 0 : flat ? (to.Y - from.Y) / (double)across : (to.X - from.X) / (double)down;
            for (int step = 0; step <= steps; step++)
            {
                int along = back ? steps - step : step;
                yield return flat ? (from.X + along, (int)(from.Y + slope * along + 0.5)) : ((int)(from.X + slope * along + 0.5), from.Y + along);
            }
        }
    }

    // Two changes at one place undo each other.
    static int[] Runs(List<int> changes, int pixels)
    {
        var (runs, at) = (new List<int>(), 0);
        for (int i = 0; i < changes.Count; i++)
        {
            if (i + 1 < changes.Count && changes[i + 1] == changes[i]) i++;
            else if (changes[i] < pixels)
            {
                runs.Add(changes[i] - at);
                at = changes[i];
            }
        }
        runs.Add(pixels - at);
        return [.. runs];
    }
}
