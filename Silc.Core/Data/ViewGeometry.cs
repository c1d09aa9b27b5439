namespace Silc;

/// <summary>How a view was cut out of its image: what boxes go through with it. Threads: immutable.</summary>
/// <param name="Crop">The part of the image that became the view.</param>
/// <param name="Flip">Left and right changed places.</param>
/// <param name="Side">Side of the view in pixels.</param>
readonly record struct ViewGeometry(CropBox Crop, bool Flip, int Side)
{
    /// <summary>Least share of a box's area that lies in the view; less of it is not what its name says.</summary>
    const double LeastSeen = 0.5;

    /// <summary>
    /// A box of the image in pixels of the view, borders rounded to whole ones; null where less than half of it lies in the view, or less than a
    /// pixel is left of it.
    /// </summary>
    public Box? Carry(Box box)
    {
        double across = Side / Crop.Width, down = Side / Crop.Height;
        var carried = new Box((box.X - Crop.Left) * across, (box.Y - Crop.Top) * down, box.Width * across, box.Height * down);
        if (Flip) carried = carried with { X = Side - carried.X - carried.Width };
        if (carried.Clip(Side, Side) is not { } seen || seen.Area < LeastSeen * carried.Area) return null;
        double left = Math.Round(seen.X), top = Math.Round(seen.Y);
        double right = Math.Round(seen.X + seen.Width), bottom = Math.Round(seen.Y + seen.Height);
        return right > left && bottom > top ? new(left, top, right - left, bottom - top) : null;
    }
}
