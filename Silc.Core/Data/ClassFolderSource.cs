namespace Silc;

/// <summary>
/// One folder per class, as torchvision's ImageFolder: <c>red_panda/1.jpg</c>. The caption is a sentence around the class name,
/// CLIP's zero-shot template (Radford et al. 2021, section 3.1.4).
/// </summary>
public sealed class ClassFolderSource : IImageTextSource
{
    /// <summary>CLIP's template for any class.</summary>
    public const string UsualTemplate = "a photo of a {}";

    readonly (string Path, string Class)[] pictures;
    readonly string template;

    /// <summary>Lists the folders and all below them; pairs are in the order of their paths.</summary>
    /// <param name="path">The folder of the class folders.</param>
    /// <param name="template">{} stands for the folder's name, in which _ and - are read as spaces.</param>
    /// <exception cref="ArgumentException">The template has no {}.</exception>
    /// <exception cref="InvalidDataException">No folder has a picture, or one has no word for a name.</exception>
    public ClassFolderSource(string path, string template = UsualTemplate)
    {
        Require.That(
            template.Contains("{}"), $"the template '{template}' has no {{}} for the class name, as in '{UsualTemplate}'");
        this.template = template;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        // Hidden folders hold thumbnails and versions.
        var folders = Directory.EnumerateDirectories(path).Where(folder => !Path.GetFileName(folder).StartsWith('.'));
        pictures = [.. folders.SelectMany(Pictures).OrderBy(picture => picture.Path, StringComparer.Ordinal)];
        if (pictures.Length == 0)
            throw new InvalidDataException(
                $"{path} has no folder with pictures; those of red pandas belong into {path}/red_panda");
        Classes = LabelSet.From(pictures, picture => picture.Class);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => pictures.Length;

    /// <summary>The class of each pair.</summary>
    public LabelSet Classes { get; }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var (path, name) = pictures[index];
        return new(path, PictureFile.Read(path), [template.Replace("{}", name)]);
    }

    static IEnumerable<(string Path, string Class)> Pictures(string folder)
    {
        var words = Path.GetFileName(folder).Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) throw new InvalidDataException($"{folder} names no class; rename it");
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(PictureFile.IsPicture)
            .Select(path => (path, string.Join(' ', words)));
    }
}
