namespace Silc;

/// <summary>
/// Images with the things that a file of COCO or LVIS marks in them. Images that are not in the folder stay in <see cref="Truth"/>, where nothing
/// is found of them. Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var source = new CocoSource("annotations/instances_val2017.json");          // images in val2017 beside the folder
/// Console.WriteLine($"{source.Count} images, {source.Truth.Instances.Count} things, {source.Truth.Categories.Count} categories");
/// </code>
/// </example>
public sealed class CocoSource : IInstanceSource
{
    readonly List<(DetectionImage Info, string Path)> images = [];
    readonly ILookup<long, Instance> instances;

    /// <summary>Reads the file, not the images.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">Of the images; null looks around the file.</param>
    /// <param name="masks">True reads the pixels of things as well.</param>
    /// <exception cref="InvalidDataException">As <see cref="CocoFile.Read"/>, or no image is there.</exception>
    public CocoSource(string path, string? folder = null, bool masks = false)
    {
        Truth = CocoFile.Read(path, masks);
        var root = AnnotatedImages.Find(path, folder, Truth.Images.Select(image => image.FileName));
        var log = new SkipLog();
        foreach (var image in Truth.Images)
        {
            var file = Path.Combine(root, image.FileName);
            if (File.Exists(file)) images.Add((image, file));
            else log.Add(SkipReason.NotThere, file);
        }
        instances = Truth.Instances.ToLookup(instance => instance.ImageId);
        Skipped = [.. Truth.Skipped, .. log.Report()];
    }

    /// <inheritdoc/>
    public string Name => Truth.Name;

    /// <inheritdoc/>
    public int Count => images.Count;

    /// <inheritdoc/>
    public DetectionTruth Truth { get; }

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <inheritdoc/>
    public DetectionImage InfoOf(int index) => images[index].Info;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">
    /// It cannot be read, or is not of the size that the file says: boxes would be in other places.
    /// </exception>
    public InstanceImage Read(int index)
    {
        var (info, path) = images[index];
        var image = ImageFile.Read(path);
        if (info.Width > 0 && info.Height > 0 && (info.Width, info.Height) != (image.Width, image.Height))
            throw new InvalidDataException($"{path} is {image.Width} x {image.Height}, {Name} says {info.Width} x {info.Height}; its boxes would lie "
                + "in other places: fetch the image again, or take its annotations out");
        return new(path, info, image, [.. instances[info.Id]]);
    }
}
