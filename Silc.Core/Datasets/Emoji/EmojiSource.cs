namespace Silc.Datasets;

/// <summary>
/// Some rows of an emoji set as images with captions; PNG files are read when asked for, with their alpha.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
sealed class EmojiSource : IImageTextSource
{
    // Beside the annotation alone. A concept has some five tags.
    const int TaggedCaptions = 3;

    readonly string folder;

    internal EmojiSource(string name, string folder, IEnumerable<EmojiRow> rows)
    {
        (Name, this.folder, Rows) = (name, folder, [.. rows]);
        Concepts = LabelSet.From(Rows, row => row.Concept.Key, row => row.Concept.Annotation);
        Subgroups = LabelSet.From(Rows, row => row.Concept.Subgroup);
        Groups = LabelSet.From(Rows, row => row.Concept.Group);
        Images = LabelSet.From(Rows, row => row.Image);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => Rows.Count;

    /// <summary>The rows of the index, one a pair.</summary>
    public IReadOnlyList<EmojiRow> Rows { get; }

    /// <summary>What each image depicts; names are annotations, e.g. "dog face".</summary>
    public LabelSet Concepts { get; }

    /// <summary>The subgroup of each image, e.g. "animal-mammal".</summary>
    public LabelSet Subgroups { get; }

    /// <summary>The group of each image, e.g. "animals-nature".</summary>
    public LabelSet Groups { get; }

    /// <summary>Exact duplicates share a class: a retrieval that answers with one of them has found the other.</summary>
    public LabelSet Images { get; }

    /// <summary>Some of the rows, in the order given.</summary>
    public EmojiSource Only(IEnumerable<int> indices) => new(Name, folder, indices.Select(i => Rows[i]));

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var row = Rows[index];
        var path = Path.Combine(folder, row.FilePath);
        return new ImageTextPair(path, ImageFile.Read(path), Captions(row));
    }

    /// <summary>
    /// The annotation alone, as the classes are asked for, and with its tags, which say what the concepts of a subgroup have in
    /// common; they start with another tag in every caption, for long ones are cut to the text tower's row.
    /// </summary>
    static string[] Captions(EmojiRow row)
    {
        var (annotation, tags) = (row.Concept.Annotation, row.Concept.Tags);
        if (tags.Count == 0) return [annotation];
        return [annotation, .. Enumerable.Range(0, TaggedCaptions).Select(i => tags.Count * i / TaggedCaptions).Select(first =>
            $"{annotation}, {string.Join(", ", tags.Skip(first).Concat(tags.Take(first)))}")];
    }
}
