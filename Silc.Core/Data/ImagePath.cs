namespace Silc;

/// <summary>Images as tables name them: by paths relative to the table's folder; addresses of the web are recognised and not fetched.</summary>
static class ImagePath
{
    const string Download = "download the images first, for example with img2dataset, and name the files";

    /// <summary>The whole path; an address stays as it is.</summary>
    public static string Of(string folder, string given) => IsAddress(given) ? given : Path.GetFullPath(Path.Combine(folder, given));

    /// <summary>Throws if all images of a table are addresses: a single one is an unreadable image.</summary>
    public static void Check(string table, string column, IEnumerable<string> paths)
    {
        if (paths.All(IsAddress))
            throw new InvalidDataException($"{table}: '{column}' holds addresses, like {paths.First()}, not paths of files; {Download}");
    }

    /// <summary>Decodes the image.</summary>
    /// <exception cref="InvalidDataException">An address, or as for <see cref="ImageFile.Read(string)"/>.</exception>
    public static RgbImage Read(string path) =>
        IsAddress(path) ? throw new InvalidDataException($"{path} is an address; {Download}") : ImageFile.Read(path);

    static bool IsAddress(string path) => path.Contains("://", StringComparison.Ordinal);
}
