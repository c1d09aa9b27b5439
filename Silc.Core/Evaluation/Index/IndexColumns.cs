using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using CsvHelper;

namespace Silc;

/// <summary>
/// The columns of an index's table: filepath, title; model, the fingerprint of the model that made the row; crop, resize and background, how its
/// image became the pixels of a square, as the command line has them, and empty for a caption; and checksum, that of the row's embedding in the
/// .npy beside it, or e0, e1, … with the embedding itself. A table that is sorted, or that belongs to other vectors, shows so by its checksums
/// before it names a wrong image. Tables without these three, and those of other programs, which need have filepath and title alone, are read too.
/// </summary>
static class IndexColumns
{
    public const string Path = "filepath", Title = "title", Model = "model", Crop = "crop", Resize = "resize", Background = "background",
        Checksum = "checksum";

    /// <summary>The table of an index, and whether the embeddings are in it.</summary>
    /// <exception cref="ArgumentException">Another ending than .npy and .csv.</exception>
    public static (string Table, bool Inside) Files(string path) => System.IO.Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".npy" => (System.IO.Path.ChangeExtension(path, ".csv"), false),
        ".csv" => (path, true),
        _ => throw new ArgumentException($"an index is called .npy or .csv, not {path}"),
    };

    /// <summary>The header of a table.</summary>
    public static string[] Header(int width, bool inside) =>
        [Path, Title, Model, Crop, Resize, Background, .. inside ? Enumerable.Range(0, width).Select(Value) : [Checksum]];

    /// <summary>The column of one value.</summary>
    public static string Value(int c) => $"e{c}";

    /// <summary>True for a table that belongs to an index: its columns say so, which a user's table of images has not got.</summary>
    public static bool IsTable(string path)
    {
        using var csv = CsvReader.FromFile(path, new CsvReaderOptions { Separator = ',' });
        csv.ReadHeader();
        return csv.Headers is [Path, Title, Model, Crop, Resize, Background, Checksum or "e0", ..] or [Path, Title, Model, Crop,
            Checksum or "e0", ..] or [Path, Title, Model, Checksum or "e0", ..];
    }

    /// <summary>A crop as the table has it.</summary>
    public static string Text(EvalCrop? crop) => crop?.ToString().ToLowerInvariant() ?? "";

    /// <summary>CRC-32 of a row as the .npy holds it. The letter in front keeps spreadsheets from taking it for a number.</summary>
    public static string ChecksumOf(ReadOnlySpan<float> row) =>
        string.Create(CultureInfo.InvariantCulture, $"c{Crc32.HashToUInt32(MemoryMarshal.AsBytes(row)):x8}");
}
