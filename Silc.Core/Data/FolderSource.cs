namespace Silc;

/// <summary>
/// Images in a folder and its subfolders, each with its captions in a text file of the same name: <c>dog.jpg</c> and
/// <c>dog.txt</c>, one caption a line. Images without a text file are left out unless captions are not needed, and so is what is hidden.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var photos = new FolderSource("photos", needCaptions: false);
/// using var writer = new IndexWriter("photos.npy", model.Config.EmbedDim, model.Fingerprint());
/// for (int i = 0; i &lt; photos.Count; i++) writer.Add(model.EmbedImage(photos.Read(i).Image)[0], photos.Read(i).Key, "");
/// writer.Commit();
/// </code>
/// </example>
public sealed class FolderSource : IImageTextSource
{
    readonly string[] paths;
    readonly bool needCaptions;

    /// <summary>Lists the folder; pairs are in the order of their paths.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="needCaptions">False takes images without captions as well, for what looks at images alone.</param>
    /// <exception cref="InvalidDataException">No image has a text file, or there is no image.</exception>
    public FolderSource(string path, bool needCaptions = true)
    {
        this.needCaptions = needCaptions;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var log = new SkipLog();
        var files = DataFolder.Files(path, log);
        var images = files.Where(ImageFile.IsImage).ToArray();
        paths = needCaptions ? [.. images.Where(image => File.Exists(CaptionFile(image)))] : images;
        LogRest(files, images, log);
        Skipped = log.Report();
        if (paths.Length > 0) return;
        var leftOut = Skipped.Count == 0 ? "" : $". Left out: {string.Join("; ", Skipped)}";
        throw new InvalidDataException(images.Length == 0 ? $"{path} holds no images{leftOut}" :
            $"{path}: {images.Length} images, none with captions; those of dog.jpg belong in dog.txt{leftOut}");
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => paths.Length;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <inheritdoc/>
    public ImageTextPair Read(int index)
    {
        var path = paths[index];
        var text = CaptionFile(path);
        string[] captions = needCaptions || File.Exists(text)
            ? [.. Utf8File.ReadLines(text).Select(line => line.Trim()).Where(line => line != "")] : [];
        if (captions.Length == 0 && needCaptions) throw new InvalidDataException($"{text} holds no caption; write one or delete the image");
        return new(path, ImageFile.Read(path), captions);
    }

    static string CaptionFile(string image) => Path.ChangeExtension(image, ".txt");

    void LogRest(List<string> files, string[] images, SkipLog log)
    {
        var (used, texts) = (new HashSet<string>(StringComparer.OrdinalIgnoreCase), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        foreach (var text in files.Where(IsText)) texts.Add(text);
        foreach (var image in images.Except(paths))
        {
            var (reason, example) = WithoutCaptions(image, texts);
            log.Add(reason, example);
        }
        foreach (var file in files)
        {
            if (UnreadImage.Reason(file) is { } unread) log.Add(unread, file);
            else if (!ImageFile.IsImage(file)) continue;
            used.Add(CaptionFile(file));
            used.Add($"{file}.txt");
        }
        foreach (var text in files.Where(file => IsText(file) && !used.Contains(file))) log.Add(SkipReason.NoImage, text);
    }

    static bool IsText(string file) => file.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);

    // Shown with the file to rename, if there is one.
    static (string Reason, string Example) WithoutCaptions(string image, HashSet<string> texts) =>
        texts.TryGetValue(CaptionFile(image), out var other) ? (SkipReason.OtherCase, other)
        : texts.TryGetValue($"{image}.txt", out other) ? (SkipReason.DoubleEnding, other)
        : (SkipReason.NoCaption, image);
}
