namespace Silc;

/// <summary>
/// Maps (N · height · width) cut into windows: the rows window by window, those of one size together. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Map">From the rows of maps to those of windows; null where a map is one window.</param>
/// <param name="Parts">Runs of windows of one size.</param>
sealed record Windows(RowMap? Map, IReadOnlyList<Windows.WindowGroup> Parts)
{
    /// <summary>Windows of one size, one after another.</summary>
    /// <param name="First">First row.</param>
    /// <param name="Batch">Number of windows.</param>
    /// <param name="Tokens">Places of a window.</param>
    public readonly record struct WindowGroup(int First, int Batch, int Tokens)
    {
        /// <summary>The rows of these windows.</summary>
        public Tensor Of(Tensor all) => all.Slice(First, Batch * Tokens);
    }

    /// <summary>Cuts maps into windows of a side, moved by half of it with <paramref name="shift"/>.</summary>
    /// <param name="maps">Keeps the map.</param>
    /// <param name="rows">Of all maps.</param>
    /// <param name="height">Places down.</param>
    /// <param name="width">Places across.</param>
    /// <param name="side">Of a window. A map that is no larger along either axis is one window, and is not moved.</param>
    /// <param name="shift">Moves them by half a window; what would wrap around is cut off, and windows of its own.</param>
    public static Windows Of(RowMaps maps, int rows, int height, int width, int side, bool shift)
    {
        int count = rows / (height * width), least = Math.Min(side, Math.Min(height, width));
        if (least == height && least == width) return new(null, [new(0, count, height * width)]);
        int moved = shift && least < Math.Min(height, width) ? side / 2 : 0;
        var groups = (from down in Cuts(height, least, moved)
                      from across in Cuts(width, least, moved)
                      group (Down: down, Across: across) by (down.Length, across.Length)).ToList();
        var parts = new List<WindowGroup>();
        int first = 0;
        foreach (var alike in groups)
        {
            int tokens = alike.Key.Item1 * alike.Key.Item2, batch = alike.Count() * count;
            parts.Add(new(first, batch, tokens));
            first += batch * tokens;
        }
        return new(maps.Of(("windows", rows, height, width, least, moved), () =>
        [
            .. from alike in groups
               from map in Enumerable.Range(0, count)
               from window in alike
               from i in Enumerable.Range(window.Down.Start, window.Down.Length)
               from j in Enumerable.Range(window.Across.Start, window.Across.Length)
               select (map * height + i) * width + j,
        ]), parts);
    }

    // Along an axis: a whole number of windows, or the part in front of the first, windows, and the part behind the last.
    static IEnumerable<(int Start, int Length)> Cuts(int length, int side, int moved)
    {
        if (length % side != 0) throw new ArgumentException($"a grid of {length} places is no whole number of windows of {side}: choose a window "
            + "that divides the grid, or images of another size");
        if (moved > 0) yield return (0, moved);
        for (int start = moved; start < length; start += side) yield return (start, Math.Min(side, length - start));
    }
}
