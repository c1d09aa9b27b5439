namespace Silc.Samples.Heads;

/// <summary>Which classes of a set a head is trained on.</summary>
static class HeadData
{
    /// <summary>The set without the classes that are held out, and without its background unless that counts.</summary>
    /// <param name="source">All of it.</param>
    /// <param name="heldOut">Names, with commas between; null or empty for none.</param>
    /// <param name="backgroundCounts">The background is a class as any other.</param>
    /// <exception cref="ArgumentException">The set has no such class, or none is left.</exception>
    public static ISegmentationSource Chosen(ISegmentationSource source, string? heldOut, bool backgroundCounts)
    {
        var left = new HashSet<int>();
        if (source.HasBackground && !backgroundCounts) left.Add(0);
        foreach (var name in (heldOut ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            left.Add(source.Classes.Find(name)
                ?? throw new ArgumentException($"--hold-out {name}: {source.Name} has no such class; there are "
                    + string.Join(", ", source.Classes.Names)));
        int[] chosen = [.. Enumerable.Range(0, source.Classes.Count).Where(label => !left.Contains(label))];
        if (chosen.Length < 2)
            throw new ArgumentException($"--hold-out {heldOut} leaves {chosen.Length} of {source.Classes.Count} classes, and a head learns to tell "
                + "several apart");
        return chosen.Length == source.Classes.Count ? source : new ChosenClasses(source, chosen);
    }
}
