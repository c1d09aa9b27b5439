namespace Silc;

/// <summary>Some rows of an emoji set as pictures with captions; PNG files are read when asked for, with their alpha.</summary>
public sealed class EmojiSource : IImageTextSource
{
    // Tags in one caption: more of them would not fit a text of 48 to 64 tokens.
    const int TagsPerCaption = 3;

    readonly string folder;

    internal EmojiSource(string name, string folder, IEnumerable<EmojiRow> rows)
    {
        (Name, this.folder, Rows) = (name, folder, [.. rows]);
        Concepts = LabelSet.From(Rows, row => row.Concept.Key, row => row.Concept.Annotation);
        Subgroups = LabelSet.From(Rows, row => row.Concept.Subgroup);
        Groups = LabelSet.From(Rows, row => row.Concept.Group);
        Pictures = LabelSet.From(Rows, row => row.Picture);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => Rows.Count;

    /// <summary>The rows of the index, one a pair.</summary>
    public IReadOnlyList<EmojiRow> Rows { get; }

    /// <summary>What each picture depicts; names are annotations, e.g. "dog face".</summary>
    public LabelSet Concepts { get; }

    /// <summary>The subgroup of each picture, e.g. "animal-mammal".</summary>
    public LabelSet Subgroups { get; }

    /// <summary>The group of each picture, e.g. "animals-nature".</summary>
    public LabelSet Groups { get; }

    /// <summary>Exact duplicates share a class: a retrieval that answers with one of them has found the other.</summary>
    public LabelSet Pictures { get; }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var row = Rows[index];
        var path = Path.Combine(folder, row.FilePath);
        return new ImageTextPair(path, PictureFile.Read(path), Captions(row));
    }

    /// <summary>
    /// The annotation twice, so that it is drawn most, "a picture of" it, and the annotation with tags. Which tags is a function
    /// of the row, so that the styles of a concept show different ones.
    /// </summary>
    static string[] Captions(EmojiRow row)
    {
        var (annotation, tags) = (row.Concept.Annotation, row.Concept.Tags);
        var article = "aeiouAEIOU".Contains(annotation[0]) ? "an" : "a";
        var captions = new List<string> { annotation, annotation };
        if (!annotation.Contains(':')) captions.Add($"a picture of {article} {annotation}");
        if (tags.Count > 0)
        {
            var first = row.FilePath.Sum(letter => letter) % tags.Count;
            var some = Enumerable.Range(first, Math.Min(TagsPerCaption, tags.Count)).Select(i => tags[i % tags.Count]);
            captions.Add($"{annotation}, {string.Join(", ", some)}");
        }
        return [.. captions];
    }
}
