namespace Silc.Samples.Evaluation;

/// <summary>
/// A few images of each set: the image, the truth, and the answer of each kind of feature; above them the colours of their classes.
/// </summary>
/// <param name="most">Most images of a set.</param>
sealed class SegmentationSheet(int most = SegmentationSheet.Shown)
{
    const int Shown = 4, Cell = 144;

    readonly List<Set> sets = [];

    /// <summary>What there is to show of each set.</summary>
    public IEnumerable<SegmentedSet> Sets => sets.Select(set => set.Shown());

    public void Begin(ISegmentationSource set) => sets.Add(new(set));

    /// <summary>The answer for image <paramref name="index"/> of the current set.</summary>
    public void Add(int index, SegmentedImage example, LabelMap predicted, string method)
    {
        var set = sets[^1];
        if (index >= most) return;
        if (index == set.Rows.Count)
            set.Rows.Add((example.Key, [new(example.Image, "image"), set.Painted(example, example.Labels, "truth")]));
        // What does not count is hatched in the answers as in the truth.
        var shown = predicted with
        {
            Labels = [.. predicted.Labels.Zip(example.Labels.Labels, (answer, truth) => truth < 0
            ? LabelMap.Ignore : answer)]
        };
        set.Rows[index].Cells.Add(set.Painted(example, shown, $"{method}: {100 * Right(example, predicted):F0} % right"));
    }

    /// <summary>Share of the pixels that count whose answer is right; 0 where none counts.</summary>
    public static double Right(SegmentedImage example, LabelMap predicted)
    {
        int counted = example.Labels.Labels.Count(label => label >= 0),
            right = example.Labels.Labels.Zip(predicted.Labels).Count(pair => pair.First >= 0 && pair.First == pair.Second);
        return right / (double)Math.Max(1, counted);
    }

    public void Write(string path)
    {
        ContactSheet.Write(path, [.. sets.SelectMany(set => set.All())], "Segmentation by words", Cell);
    }

    sealed class Set(ISegmentationSource source)
    {
        readonly SortedSet<int> seen = [];

        public List<(string Key, List<ContactSheetCell> Cells)> Rows { get; } = [];

        public ContactSheetCell Painted(SegmentedImage example, LabelMap labels, string caption)
        {
            seen.UnionWith(labels.Labels.Where(label => label >= 0));
            return new(SegmentationPainter.Overlay(example.Image, labels, source.ColourOf), caption);
        }

        public SegmentedSet Shown() => new(source.Name, [.. Rows.Select(row => new ContactSheetRow(row.Key, row.Cells))],
            [.. seen.Select(label => (source.Classes.Names[label], source.ColourOf(label)))]);

        public IEnumerable<ContactSheetRow> All()
        {
            var (name, rows, colours) = Shown();
            return rows.Prepend(new(name, [.. colours.Chunk(SegmentationPainter.LegendLines)
                .Select(some => new ContactSheetCell(SegmentationPainter.Legend(some)))]));
        }
    }
}

/// <summary>Images of one set with truth and answers.</summary>
/// <param name="Name">Of the set.</param>
/// <param name="Rows">Image, truth, and the answer of each kind of feature.</param>
/// <param name="Colours">Those of the classes that are seen.</param>
sealed record SegmentedSet(string Name, IReadOnlyList<ContactSheetRow> Rows, IReadOnlyList<(string Name, Colour Colour)> Colours);
