namespace Silc;

/// <summary>Chooses the patches of one view that a student does not see. Threads: any number may call, each with its own random stream.</summary>
static class PatchMask
{
    // DINOv2's smallest area of a block; the range of its aspect and how often one is tried are iBOT's too.
    const int LeastArea = 4, Tries = 10;
    static readonly double logAspect = Math.Log(1 / 0.3);

    /// <summary>The fewest patches of which blocks can be cut.</summary>
    public const int LeastPatches = LeastArea;

    /// <summary>Hides patches of a grid, of which none is hidden yet.</summary>
    /// <param name="kind">How.</param>
    /// <param name="random">Stream of this view.</param>
    /// <param name="grid">Patches along a side.</param>
    /// <param name="count">How many; <see cref="MaskKind.Blocks"/> and <see cref="MaskKind.IbotBlocks"/> may hide fewer.</param>
    /// <param name="hidden">A value for each patch, row by row: 1 where it is hidden.</param>
    public static void Hide(MaskKind kind, Philox random, int grid, int count, Span<int> hidden)
    {
        int left = count, least = kind == MaskKind.IbotBlocks ? grid / 3 * (grid / 3) : LeastArea;
        if (kind != MaskKind.Random)
            while (left > 0 && Block(random, grid, least, left, hidden) is > 0 and var more) left -= more;
        if (kind is MaskKind.Random or MaskKind.FilledBlocks) Single(random, left, hidden);
    }

    // The first so many of a random order of those that are visible.
    static void Single(Philox random, int count, Span<int> hidden)
    {
        var visible = new List<int>(hidden.Length);
        for (int i = 0; i < hidden.Length; i++)
            if (hidden[i] == 0) visible.Add(i);
        for (int i = 0; i < count; i++)
        {
            int pick = i + random.NextInt(visible.Count - i);
            (visible[i], visible[pick]) = (visible[pick], visible[i]);
            hidden[visible[i]] = 1;
        }
    }

    // A rectangle of whole patches that hides at least one more and at most so many; 0 if none of the tries did.
    static int Block(Philox random, int grid, int least, int most, Span<int> hidden)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            double area = random.Uniform(Math.Min(least, most), Math.Max(least, most)), aspect = Math.Exp(random.Uniform(-logAspect,
                logAspect));
            int height = (int)Math.Round(Math.Sqrt(area * aspect)), width = (int)Math.Round(Math.Sqrt(area / aspect));
            if (height < 1 || width < 1 || height > grid || width > grid) continue;
            int top = random.NextInt(grid - height + 1), left = random.NextInt(grid - width + 1), more = 0;
            for (int y = top; y < top + height; y++)
                for (int x = left; x < left + width; x++) more += 1 - hidden[y * grid + x];
            if (more == 0 || more > most) continue;
            for (int y = top; y < top + height; y++) hidden.Slice(y * grid + left, width).Fill(1);
            return more;
        }
        return 0;
    }
}
