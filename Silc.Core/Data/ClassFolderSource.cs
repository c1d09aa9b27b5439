namespace Silc;

/// <summary>
/// One folder per class, as torchvision's ImageFolder: <c>red_panda/1.jpg</c>. The caption is a sentence around the class name,
/// CLIP's zero-shot template (Radford et al. 2021, section 3.1.4). Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var animals = new ClassFolderSource("animals");                           // animals/cat/1.jpg, animals/dog/7.jpg, …
/// var prototypes = model.Prototypes(ClassList.Of(animals.Classes.Names));
/// </code>
/// </example>
public sealed class ClassFolderSource : ILabelled
{
    /// <summary>CLIP's template for any class.</summary>
    public const string UsualTemplate = "a photo of a {}";

    readonly (string Path, string Class)[] images;
    readonly string template;

    /// <summary>Lists the folders and all below them, but hidden ones; pairs are in the order of their paths.</summary>
    /// <param name="path">The folder of the class folders.</param>
    /// <param name="template">{} stands for the folder's name, in which _ and - are read as spaces.</param>
    /// <exception cref="ArgumentException">The template has no {}.</exception>
    /// <exception cref="InvalidDataException">No folder has an image, or one has no word for a name.</exception>
    public ClassFolderSource(string path, string template = UsualTemplate)
    {
        Require.That(
            template.Contains("{}"), $"the template '{template}' has no {{}} for the class name, as in '{UsualTemplate}'");
        this.template = template;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var log = new SkipLog();
        images = [.. Images(path, log)];
        Skipped = log.Report();
        if (images.Length == 0)
            throw new InvalidDataException(
                $"{path} has no folder with images; those of red pandas belong in {path}/red_panda");
        Classes = LabelSet.From(images, image => image.Class);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => images.Length;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>The class of each pair.</summary>
    public LabelSet Classes { get; }

    LabelSet? ILabelled.Classes => Classes;

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var (path, name) = images[index];
        return new(path, ImageFile.Read(path), [template.Replace("{}", name)]);
    }

    static IEnumerable<(string Path, string Class)> Images(string root, SkipLog log)
    {
        var folders = Directory.EnumerateDirectories(root).Select(folder => Path.GetFileName(folder)!).Where(name => !DataFolder.IsHidden(name));
        var classes = folders.ToDictionary(name => name, name => ClassOf(Path.Combine(root, name)));
        var filled = new HashSet<string>();
        foreach (var file in DataFolder.Files(root, log))
        {
            var folder = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)[0];
            if (UnreadImage.Reason(file) is { } reason) log.Add(reason, file);
            if (!ImageFile.IsImage(file)) continue;
            if (classes.TryGetValue(folder, out var name))
            {
                filled.Add(folder);
                yield return (file, name);
            }
            else
            {
                log.Add(SkipReason.OutsideClasses, file);
            }
        }
        foreach (var empty in classes.Keys.Except(filled).Order(StringComparer.Ordinal)) log.Add(SkipReason.EmptyClass, Path.Combine(root, empty));
    }

    // macOS decomposes accented letters in names of folders; the caption has them composed (NFC).
    static string ClassOf(string folder)
    {
        var words = Nfc.Of(Path.GetFileName(folder)).Split(['_', '-', ' '], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 ? string.Join(' ', words) : throw new InvalidDataException($"{folder} names no class; rename it");
    }
}
