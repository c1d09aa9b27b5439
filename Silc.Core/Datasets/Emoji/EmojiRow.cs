using CsvHelper;

namespace Silc.Datasets;

/// <summary>One image of one concept in one style: a row of <c>emoji.csv</c>. Threads: immutable; any number may share it.</summary>
/// <param name="FilePath">Path of the PNG, relative to the index, with forward slashes.</param>
/// <param name="Style">Name of the art style.</param>
/// <param name="Concept">What it depicts.</param>
/// <param name="Split"><see cref="TrainSplit"/>, <see cref="HeldOutSplit"/> or <see cref="UnseenStyleSplit"/>.</param>
/// <param name="Image">Hash of the pixels: equal for concepts that a style draws with one and the same image.</param>
sealed record EmojiRow(string FilePath, string Style, EmojiConcept Concept, string Split, string Image)
{
    /// <summary>Images to train on.</summary>
    public const string TrainSplit = "train";

    /// <summary>A tenth of the training styles' images, kept from training.</summary>
    public const string HeldOutSplit = "heldout";

    /// <summary>All images of the style that is never trained on.</summary>
    public const string UnseenStyleSplit = "unseen-style";

    static readonly string[] Columns =
        ["filepath", "title", "style", "concept", "base", "group", "subgroup", "tags", "split", "picture"];

    /// <summary>A flag: left out of evaluation, because its image says nothing that its caption could be guessed from.</summary>
    public bool IsFlag => Concept.Group == "flags";

    /// <summary>Reads an index.</summary>
    /// <exception cref="InvalidDataException">A column is missing; the message names it.</exception>
    internal static List<EmojiRow> Read(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions { Separator = ',' });
        csv.ReadHeader();
        foreach (var column in Columns)
            if (!csv.Headers.Contains(column))
                throw new InvalidDataException($"{path} has no column '{column}'; prepare its folder again");
        var rows = new List<EmojiRow>();
        while (csv.Read())
        {
            string Field(string name) => csv.GetString(name);
            var tags = Field("tags").Split(", ", StringSplitOptions.RemoveEmptyEntries);
            var concept = new EmojiConcept(
                Field("concept"), Field("title"), Field("base"), Field("group"), Field("subgroup"), tags);
            rows.Add(new EmojiRow(Field("filepath"), Field("style"), concept, Field("split"), Field("picture")));
        }
        return rows;
    }

    /// <summary>Writes an index that a source for plain filepath-and-title tables reads as well.</summary>
    internal static void Write(Stream stream, IEnumerable<EmojiRow> rows)
    {
        using var csv = CsvWriter.Create(stream, new CsvWriterOptions(), leaveOpen: true);
        csv.WriteRecord(Columns);
        foreach (var row in rows)
        {
            var (c, tags) = (row.Concept, string.Join(", ", row.Concept.Tags));
            csv.WriteRecord((string[])
                [row.FilePath, c.Annotation, row.Style, c.Key, c.Base, c.Group, c.Subgroup, tags, row.Split, row.Image]);
        }
    }
}
