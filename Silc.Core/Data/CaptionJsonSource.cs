namespace Silc;

/// <summary>
/// Images whose captions a JSON file holds: COCO's own (<c>captions_val2017.json</c>), or Karpathy's splits of COCO and Flickr30k
/// (<c>dataset_coco.json</c>). Images that are not in the folder are counted and left out. Threads: any number may call <see cref="Read"/>.
/// </summary>
/// <example>
/// <code>
/// var train = CaptionJsonSource.Karpathy("dataset_coco.json", "train");       // with restval, as papers do
/// var test = CaptionJsonSource.Karpathy("dataset_coco.json", "test");
/// </code>
/// </example>
public sealed class CaptionJsonSource : IImageTextSource
{
    /// <summary>Splits of Karpathy's files; <c>restval</c> belongs to training.</summary>
    public static IReadOnlyList<string> Splits { get; } = ["train", "val", "test"];

    readonly List<(long Id, string Path)> images = [];

    CaptionJsonSource(string path, string? folder, IReadOnlyList<(long Id, string Name)> named,
        IReadOnlyDictionary<long, IReadOnlyList<string>> captions)
    {
        Name = Path.GetFileNameWithoutExtension(path);
        References = captions;
        var root = AnnotatedImages.Find(path, folder, named.Select(image => image.Name));
        var log = new SkipLog();
        foreach (var (id, name) in named)
        {
            var file = Path.Combine(root, name);
            if (!captions.TryGetValue(id, out var own) || own.Count == 0) log.Add(SkipReason.NoCaption, file);
            else if (!File.Exists(file)) log.Add(SkipReason.NotThere, file);
            else images.Add((id, file));
        }
        Skipped = log.Report();
    }

    /// <summary>Reads COCO's file: one or more captions an image, five as a rule, joined by the image's id.</summary>
    /// <param name="path">The file; images and captions as in <c>captions_train2017.json</c>.</param>
    /// <param name="folder">Of the images; null looks around the file.</param>
    /// <exception cref="InvalidDataException">A caption of no image, two images of one id, or no image there; the message says which.</exception>
    public static CaptionJsonSource Coco(string path, string? folder = null)
    {
        var (images, captions) = ReadCoco(path);
        return new(path, folder, images, captions);
    }

    /// <summary>The captions of COCO's file by the id of their image; images need not be there.</summary>
    /// <inheritdoc cref="Coco"/>
    public static IReadOnlyDictionary<long, IReadOnlyList<string>> CocoReferences(string path) => ReadCoco(path).Captions;

    /// <summary>The captions of one of Karpathy's splits by the id of their image; images need not be there.</summary>
    /// <inheritdoc cref="Karpathy"/>
    public static IReadOnlyDictionary<long, IReadOnlyList<string>> KarpathyReferences(string path, string split) =>
        ReadKarpathy(path, split).Captions;

    static (List<(long, string)> Images, Dictionary<long, IReadOnlyList<string>> Captions) ReadCoco(string path)
    {
        var (images, names, captions) = (new List<(long, string)>(), new HashSet<long>(), new Dictionary<long, List<string>>());
        var found = JsonRecords.Read(path, ["images", "annotations"], record =>
        {
            if (record.Section == "images")
            {
                long id = record.Id("id");
                if (!names.Add(id)) throw record.Odd("id", "an earlier image has it, too; give each its own");
                images.Add((id, record.Text("file_name")));
            }
            else Add(captions, record.Id("image_id"), record.Text("caption"));
        });
        if (found.Count < 2) throw new InvalidDataException($"{path} has no {(found.Contains("images") ? "annotations" : "images")}; a file of "
            + "captions has images and annotations");
        if (captions.Keys.FirstOrDefault(id => !names.Contains(id), -1) is >= 0 and var stray)
            throw new InvalidDataException($"{path}: a caption is of image {stray}, which is not among its images; take it out or add the image");
        return (images, captions.ToDictionary(image => image.Key, image => (IReadOnlyList<string>)image.Value));
    }

    /// <summary>Reads one of Karpathy's splits.</summary>
    /// <param name="path">The file, as <c>dataset_coco.json</c> or <c>dataset_flickr30k.json</c>.</param>
    /// <param name="split"><c>train</c>, which takes <c>restval</c> along, <c>val</c> or <c>test</c>.</param>
    /// <param name="folder">Of the images, with <c>train2014</c> and <c>val2014</c> in it for COCO; null looks around the file.</param>
    /// <exception cref="InvalidDataException">No image of the split, or a value is missing; the message says which.</exception>
    /// <exception cref="ArgumentException">There is no such split.</exception>
    public static CaptionJsonSource Karpathy(string path, string split, string? folder = null)
    {
        var (images, captions) = ReadKarpathy(path, split);
        return new(path, folder, images, captions);
    }

    static (List<(long, string)> Images, Dictionary<long, IReadOnlyList<string>> Captions) ReadKarpathy(string path, string split)
    {
        Require.That(Splits.Contains(split), $"split '{split}'; there are {string.Join(", ", Splits)}");
        var (images, captions, splits) = (new List<(long, string)>(), new Dictionary<long, List<string>>(), new SortedSet<string>());
        var found = JsonRecords.Read(path, ["images"], record =>
        {
            var own = record.Text("split");
            splits.Add(own);
            if ((own == "restval" ? "train" : own) != split) return;
            long id = record.MaybeId("cocoid") ?? record.Id("imgid");
            images.Add((id, Path.Combine(record.MaybeText("filepath") ?? "", record.Text("filename"))));
            if (captions.ContainsKey(id)) throw record.Odd("cocoid", "an earlier image has it, too; give each its own");
            foreach (var sentence in record.Records("sentences")) Add(captions, id, sentence.Text("raw"));
        });
        if (found.Count == 0) throw new InvalidDataException(
            $"{path} has no images; a file of Karpathy's splits has images with split and sentences");
        if (images.Count == 0) throw new InvalidDataException($"{path} has no image of the split {split}, it has {string.Join(", ", splits)}");
        return (images, captions.ToDictionary(image => image.Key, image => (IReadOnlyList<string>)image.Value));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => images.Count;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>
    /// All captions by the id of their image, also of images that are not in the folder: what <see cref="CaptionResults"/> scores with.
    /// </summary>
    public IReadOnlyDictionary<long, IReadOnlyList<string>> References { get; }

    /// <summary>The id of image <paramref name="index"/>.</summary>
    public long IdOf(int index) => images[index].Id;

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => new(images[index].Path, ImageFile.Read(images[index].Path), References[images[index].Id]);

    // Captions of COCO have line breaks and double spaces inside.
    static void Add(Dictionary<long, List<string>> captions, long id, string text)
    {
        if (!captions.TryGetValue(id, out var own)) captions[id] = own = [];
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 0) own.Add(string.Join(' ', words));
    }
}
