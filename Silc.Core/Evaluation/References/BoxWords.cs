using System.Globalization;

namespace Silc;

/// <summary>
/// Boxes as four words of a decoder: left, top, right and lower border in 32nds of the image, <c>x4 y10 x17 y25</c>. Half a step of the grid moves a
/// border by at most 1.6 % of the image. Threads: any number may call.
/// </summary>
static class BoxWords
{
    const int Grid = 32;

    /// <summary>The words of a box, at least one cell wide and high.</summary>
    /// <param name="box">In pixels.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="height">Of the image.</param>
    public static string Of(Box box, int width, int height)
    {
        var (left, right) = Borders(box.X / width, (box.X + box.Width) / width);
        var (top, bottom) = Borders(box.Y / height, (box.Y + box.Height) / height);
        return $"x{left} y{top} x{right} y{bottom}";
    }

    /// <summary>The box of some words in pixels; null where they are none.</summary>
    public static Box? Read(string words, int width, int height)
    {
        var parts = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 4) return null;
        var places = new int[4];
        for (int i = 0; i < 4; i++)
            if (parts[i][0] != "xy"[i % 2] || !int.TryParse(parts[i].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out places[i])
                || places[i] > Grid) return null;
        double across = width / (double)Grid, down = height / (double)Grid;
        return places[2] > places[0] && places[3] > places[1]
            ? new(places[0] * across, places[1] * down, (places[2] - places[0]) * across, (places[3] - places[1]) * down) : null;
    }

    static (int From, int To) Borders(double from, double to)
    {
        int first = Math.Clamp((int)Math.Round(from * Grid), 0, Grid - 1);
        return (first, Math.Clamp((int)Math.Round(to * Grid), first + 1, Grid));
    }
}
