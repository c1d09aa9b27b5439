namespace Silc;

/// <summary>
/// RefCOCO, RefCOCO+ and RefCOCOg: a list of references as JSON, <c>[{ann_id, image_id, split, sentences: [{sent, sent_id}]}]</c>, and
/// <c>instances.json</c> beside it, whose boxes they speak of. Images are named there; a reference's own <c>file_name</c> is a copy's. Threads: any
/// number may call.
/// </summary>
sealed class RefCocoSource : IReferenceSource
{
    readonly List<(ReferredThing Thing, DetectionImage Image, string Path)> things = [];

    /// <summary>Reads the files as streams, not the images.</summary>
    /// <param name="path">The references; published as a pickle, <c>refs(unc).p</c>.</param>
    /// <param name="split"><c>train</c>, <c>val</c>, <c>testA</c>, <c>testB</c>, or of RefCOCOg <c>test</c>.</param>
    /// <param name="folder">Of the images; null looks around the file.</param>
    /// <exception cref="InvalidDataException">
    /// It is the pickle, a value is missing, a reference is of an annotation or image that is not there, or the split has none; the message says
    /// which.
    /// </exception>
    public RefCocoSource(string path, string split, string? folder = null)
    {
        Name = $"{Path.GetFileNameWithoutExtension(path)}-{split}";
        var (references, splits) = References(path, split);
        if (references.Count == 0) throw new InvalidDataException($"{path} has no reference of the split {split}: it has "
            + string.Join(", ", splits.Order(StringComparer.Ordinal)));
        var file = Path.Combine(Path.GetDirectoryName(path) ?? "", "instances.json");
        if (!File.Exists(file)) throw new InvalidDataException($"there is no {file}, which has the boxes of {path}; unpack it there");
        var wanted = references.Select(reference => reference.Annotation).ToHashSet();
        var boxes = new Dictionary<long, (long Image, Box Box)>();
        var images = new Dictionary<long, DetectionImage>();
        JsonRecords.Read(file, ["images", "annotations"], record =>
        {
            if (record.Section == "images")
            {
                long id = record.Id("id");
                int Side(string name) => record.Id(name) is > 0 and < int.MaxValue and var side ? (int)side
                    : throw record.Odd(name, "it should be a positive number of pixels");
                images[id] = new(id, record.Text("file_name"), Side("width"), Side("height"));
            }
            else if (record.Id("id") is var id && wanted.Contains(id)) boxes[id] = (record.Id("image_id"), record.Box("bbox"));
        });
        var log = new SkipLog();
        var found = new List<(ReferredThing Thing, DetectionImage Image)>();
        foreach (var (annotation, id, sentence, sentenceId) in references)
        {
            if (!boxes.TryGetValue(annotation, out var of)) throw new InvalidDataException(
                $"{path}: a reference is of annotation {annotation}, which {file} does not have; the files are of two sets");
            if (of.Image != id) throw new InvalidDataException($"{path}: the reference to annotation {annotation} is of image {id}, and {file} has "
                + $"it on image {of.Image}; the files are of two sets");
            if (!images.TryGetValue(id, out var image)) throw new InvalidDataException($"{file} has no image {id}, of which {path} speaks");
            if (of.Box.Clip(image.Width, image.Height) is not { } box)
                log.Add("reference to a box without any size in its image", $"annotation {annotation}");
            else if (string.IsNullOrWhiteSpace(sentence)) log.Add("sentence without a word", $"sentence {sentenceId}");
            else found.Add((new(sentenceId, id, sentence, box), image));
        }
        if (found.Count == 0) throw new InvalidDataException($"{path}: no sentence of the split {split} has words and a box of some size");
        var root = AnnotatedImages.Find(path, folder, found.Select(one => one.Image.FileName));
        // Sentences of one image follow each other, so that it is read once.
        foreach (var (thing, image) in found.OrderBy(one => one.Image.Id))
        {
            var photo = Path.Combine(root, image.FileName);
            if (File.Exists(photo)) things.Add((thing, image, photo));
            else log.Add(SkipReason.NotThere, photo);
        }
        Skipped = log.Report();
    }

    public string Name { get; }

    public int Count => things.Count;

    public IReadOnlyList<SkippedMembers> Skipped { get; }

    public ReferredThing Thing(int index) => things[index].Thing;

    public (int Width, int Height) SizeOf(int index) => (things[index].Image.Width, things[index].Image.Height);

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">It cannot be read, or is not of the size that the file says.</exception>
    public RgbImage ReadImage(int index)
    {
        var (_, info, path) = things[index];
        var image = ImageFile.Read(path);
        return (image.Width, image.Height) == (info.Width, info.Height) ? image : throw new InvalidDataException($"{path} is {image.Width} x "
            + $"{image.Height}, {Name} says {info.Width} x {info.Height}; its boxes would lie in other places: fetch the image again");
    }

    static (List<(long Annotation, long Image, string Sentence, long SentenceId)>, HashSet<string> Splits) References(string path, string split)
    {
        if (CheckpointFile.IsPickle(Path.GetExtension(path).ToLowerInvariant()) || Path.GetExtension(path) == ".p")
            throw new InvalidDataException($"{path} is a pickle, which can run code when it is opened; write it as JSON once: python3 -c \"import "
                + "json, pickle, sys; json.dump(pickle.load(open(sys.argv[1], 'rb'), encoding='latin1'), open(sys.argv[2], 'w'))\" "
                + $"'{path}' '{Path.ChangeExtension(path, ".json")}'");
        var (found, splits, ids) = (new List<(long, long, string, long)>(), new HashSet<string>(), new HashSet<long>());
        var sections = JsonRecords.Read(path, ["", "refs"], record =>
        {
            splits.Add(record.Text("split"));
            if (record.Text("split") != split) return;
            foreach (var sentence in record.Records("sentences"))
            {
                if (!ids.Add(sentence.Id("sent_id"))) throw sentence.Odd("sent_id", "an earlier sentence has it, too");
                found.Add((record.Id("ann_id"), record.Id("image_id"), sentence.MaybeText("sent") ?? sentence.Text("raw"), sentence.Id("sent_id")));
            }
        });
        return sections.Count > 0 ? (found, splits)
            : throw new InvalidDataException($"{path} has no references; it should be the list of refs(unc).p");
    }
}
