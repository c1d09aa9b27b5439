namespace Silc;

/// <summary>
/// Pictures in a folder and its subfolders, each with its captions in a text file of the same name: <c>dog.jpg</c> and
/// <c>dog.txt</c>, one caption a line. Pictures without a text file are left out.
/// </summary>
public sealed class FolderSource : IImageTextSource
{
    readonly string[] paths;

    /// <summary>Lists the folder; pairs are in the order of their paths.</summary>
    /// <exception cref="InvalidDataException">No picture has a text file.</exception>
    public FolderSource(string path)
    {
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var pictures = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(PictureFile.IsPicture).ToArray();
        paths = [.. pictures.Where(picture => File.Exists(CaptionFile(picture))).Order(StringComparer.Ordinal)];
        if (paths.Length == 0)
            throw new InvalidDataException(
                $"{path}: {pictures.Length} pictures, none with captions; those of dog.jpg belong into dog.txt");
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => paths.Length;

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var path = paths[index];
        var text = CaptionFile(path);
        var captions = File.ReadLines(text).Select(line => line.Trim()).Where(line => line != "").ToArray();
        if (captions.Length == 0) throw new InvalidDataException($"{text} holds no caption; write one or delete the picture");
        return new(path, PictureFile.Read(path), captions);
    }

    static string CaptionFile(string picture) => Path.ChangeExtension(picture, ".txt");
}
