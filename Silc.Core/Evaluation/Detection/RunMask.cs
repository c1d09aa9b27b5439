using System.Text;

namespace Silc;

/// <summary>
/// A mask of yes and no as COCO keeps it: lengths of runs down the columns, one column after another; the first run is of no, and may be 0 long.
/// Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var mask = RunMask.FromPolygons([[1, 1, 4, 1, 4, 3, 1, 3]], width: 6, height: 5);
/// Console.WriteLine($"{mask.Area} pixels, {mask.ToText()}");
/// </code>
/// </example>
public sealed class RunMask
{
    readonly int[] runs;

    RunMask(int width, int height, int[] runs) => (Width, Height, this.runs) = (width, height, runs);

    /// <summary>Pixels across.</summary>
    public int Width { get; }

    /// <summary>Pixels down.</summary>
    public int Height { get; }

    /// <summary>Lengths of the runs, no and yes in turn.</summary>
    public IReadOnlyList<int> Runs => runs;

    /// <summary>Pixels of yes.</summary>
    public long Area => runs.Index().Where(run => run.Index % 2 == 1).Sum(run => (long)run.Item);

    /// <summary>A mask of runs.</summary>
    /// <exception cref="ArgumentException">A run is negative, or they are not as long as the mask has pixels.</exception>
    public static RunMask FromRuns(IReadOnlyList<int> runs, int width, int height)
    {
        Require.That(width > 0 && height > 0, $"a mask of {width} x {height} pixels has none");
        Require.That(runs.All(run => run >= 0), "a run of a mask is negative");
        long sum = runs.Sum(run => (long)run);
        Require.That(sum == (long)width * height,
            $"the runs of the mask are {sum} pixels long, it has {height} x {width} = {(long)width * height}; its size is written as height, width");
        return new(width, height, [.. runs]);
    }

    /// <summary>A mask of pixels, row by row.</summary>
    /// <exception cref="ArgumentException">There are not as many pixels as the sides say.</exception>
    public static RunMask FromPixels(IReadOnlyList<bool> pixels, int width, int height)
    {
        Require.That(pixels.Count == (long)width * height, $"{pixels.Count} pixels for a mask of {width} x {height}");
        var runs = new List<int> { 0 };
        bool last = false;
        for (int x = 0; x < width; x++)
            for (int y = 0; y < height; y++)
            {
                if (pixels[y * width + x] != last) runs.Add(0);
                last = pixels[y * width + x];
                runs[^1]++;
            }
        return new(width, height, [.. runs]);
    }

    /// <summary>
    /// What polygons cover, all of them together: x and y of each corner in turn, in pixels. Borders are walked on a grid five times as fine as
    /// the pixels, as COCO's own program does; filling by the middles of pixels gives other masks.
    /// </summary>
    /// <exception cref="ArgumentException">There is no polygon, or one of fewer than three corners, or a corner is not finite.</exception>
    public static RunMask FromPolygons(IReadOnlyList<IReadOnlyList<double>> polygons, int width, int height)
    {
        Require.That(width > 0 && height > 0, $"a mask of {width} x {height} pixels has none");
        Require.Positive(polygons.Count, "number of polygons of a mask");
        RunMask? all = null;
        foreach (var polygon in polygons)
        {
            var one = new RunMask(width, height, PolygonRuns.Of(polygon, width, height));
            all = all is null ? one : all.Union(one);
        }
        return all!;
    }

    /// <summary>A mask of COCO's compressed text.</summary>
    /// <exception cref="ArgumentException">The text ends inside a number, holds another character, or is of another size.</exception>
    public static RunMask FromText(string text, int width, int height)
    {
        var runs = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            long value = 0;
            for (int bits = 0; ; bits += 5)
            {
                Require.That(at < text.Length && bits < 60, "the text of the mask ends inside a number; it is cut short");
                int five = text[at] - '0';
                Require.That(five is >= 0 and < 64, $"character '{text[at]}' at {at} does not belong to the text of a mask");
                at++;
                value |= (long)(five & 31) << bits;
                if ((five & 32) != 0) continue;
                if ((five & 16) != 0) value -= 1L << bits + 5;
                break;
            }
            // From the fourth number on it is the difference to the run two before.
            value += runs.Count > 2 ? runs[^2] : 0;
            Require.That(value is >= 0 and <= int.MaxValue, $"run {runs.Count} of the mask is {value}; its text is damaged");
            runs.Add((int)value);
        }
        return FromRuns(runs, width, height);
    }

    /// <summary>COCO's compressed text: five bits a character, the lowest first.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        for (int i = 0; i < runs.Length; i++)
        {
            int value = i > 2 ? runs[i] - runs[i - 2] : runs[i];
            for (bool more = true; more;)
            {
                int five = value & 31;
                value >>= 5;
                more = (five & 16) != 0 ? value != -1 : value != 0;
                text.Append((char)('0' + five + (more ? 32 : 0)));
            }
        }
        return text.ToString();
    }

    /// <summary>The pixels, row by row.</summary>
    public bool[] ToPixels()
    {
        var pixels = new bool[Width * Height];
        int at = 0;
        foreach (var (i, run) in runs.Index())
            for (int end = at + run; at < end; at++) pixels[at % Height * Width + at / Height] = i % 2 == 1;
        return pixels;
    }

    /// <summary>Pixels that both masks have.</summary>
    /// <exception cref="ArgumentException">They are not of one size.</exception>
    public long Intersection(RunMask other)
    {
        long shared = 0;
        Walk(other, (length, mine, theirs) => shared += mine && theirs ? length : 0);
        return shared;
    }

    /// <summary>Pixels that either mask has.</summary>
    /// <exception cref="ArgumentException">They are not of one size.</exception>
    public RunMask Union(RunMask other)
    {
        var joined = new List<int> { 0 };
        bool last = false;
        Walk(other, (length, mine, theirs) =>
        {
            if ((mine || theirs) != last) joined.Add(0);
            last = mine || theirs;
            joined[^1] += length;
        });
        return new(Width, Height, [.. joined]);
    }

    // Both masks from end to end, in stretches in which neither changes.
    void Walk(RunMask other, Action<int, bool, bool> stretch)
    {
        Require.That((Width, Height) == (other.Width, other.Height),
            $"masks of {Width} x {Height} and of {other.Width} x {other.Height} pixels are compared; they must be of one size");
        int i = 0, j = 0, mine = runs[0], theirs = other.runs[0];
        while (true)
        {
            while (mine == 0 && ++i < runs.Length) mine = runs[i];
            while (theirs == 0 && ++j < other.runs.Length) theirs = other.runs[j];
            if (i >= runs.Length || j >= other.runs.Length) return;
            int length = Math.Min(mine, theirs);
            stretch(length, i % 2 == 1, j % 2 == 1);
            (mine, theirs) = (mine - length, theirs - length);
        }
    }
}
