namespace Silc;

/// <summary>
/// A set with some of its classes alone: pixels of the others do not count, and labels are places in the new list. What a head is trained on
/// where classes are held out. Threads: any number may call <see cref="Read"/>.
/// </summary>
sealed class ChosenClasses : ISegmentationSource
{
    readonly ISegmentationSource source;
    readonly int[] chosen, place;

    /// <param name="source">All of it.</param>
    /// <param name="chosen">Labels of the classes that stay, in their new order.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public ChosenClasses(ISegmentationSource source, IReadOnlyList<int> chosen)
    {
        Require.That(chosen.Count > 0, $"no class of {source.Name} is left");
        (this.source, this.chosen) = (source, [.. chosen]);
        Classes = ClassList.Of(chosen.Select(label => source.Classes.Called[label]));
        place = [.. Enumerable.Repeat(LabelMap.Ignore, source.Classes.Count)];
        foreach (var (at, label) in chosen.Index()) place[label] = at;
    }

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public int Count => source.Count;

    /// <inheritdoc/>
    public ClassList Classes { get; }

    /// <inheritdoc/>
    public bool HasBackground => source.HasBackground && chosen[0] == 0;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped => source.Skipped;

    /// <inheritdoc/>
    public Colour ColourOf(int label) => source.ColourOf(chosen[label]);

    /// <inheritdoc/>
    public SegmentedImage Read(int index)
    {
        var example = source.Read(index);
        int Place(int label) => label < 0 ? LabelMap.Ignore : label < place.Length ? place[label] : throw Outside(example, label);
        return example with { Labels = example.Labels.Map(Place) };
    }

    InvalidDataException Outside(SegmentedImage example, int label)
    {
        int at = Array.IndexOf(example.Labels.Labels, label), width = example.Labels.Width;
        return new($"{example.Key}: the label {label} at pixel ({at % width}, {at / width}) is not among the {place.Length} classes, 0 to "
            + $"{place.Length - 1}; name it in the list of classes, or ignore it");
    }
}
