using Microsoft.AspNetCore.Http;

namespace Silc.Samples.Serve;

/// <summary>An index that is searched and looked at; what it says of paths stays here. Threads: any number may call.</summary>
/// <param name="file">Stays the caller's.</param>
/// <param name="source">Images that are no files; rows as those of the index. Null where all are.</param>
/// <param name="search">Finds neighbours.</param>
sealed class ServedIndex(IndexFile file, IImageTextSource? source, NeighbourSearch search)
{
    // An open index serves one at a time.
    readonly Lock gate = new();

    public int Count => file.Count;

    public static ServeError None(string field) =>
        new(StatusCodes.Status404NotFound, "there is no index here; the service was started without --index", field);

    /// <summary>The best rows for a query.</summary>
    public IReadOnlyList<SearchHit> Find(Vectors query, int top)
    {
        lock (gate) return Search.Find(file, query, top, search)[0];
    }

    public string Title(int row) => Row(row).Title;

    /// <summary>The image of a row.</summary>
    /// <exception cref="ServeError">There is no such row, or its image cannot be read.</exception>
    public RgbImage Image(int row)
    {
        var path = Row(row).Path;
        try
        {
            if (File.Exists(path)) return ImageFile.Read(path);
            if (source is not null && row < source.Count && source.Read(row) is var pair && pair.Key == path) return pair.Image;
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            // Its message has the path.
        }
        throw new ServeError(StatusCodes.Status404NotFound, $"the image of row {row} is not to be had here", "row");
    }

    (string Path, string Title) Row(int row)
    {
        if (row < 0 || row >= file.Count)
            throw new ServeError(StatusCodes.Status404NotFound, $"there is no row {row}, the index has {file.Count}", "row");
        lock (gate) return file.Row(row, file.Read(row, 1)[0]);
    }
}
