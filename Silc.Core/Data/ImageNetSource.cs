namespace Silc;

/// <summary>
/// ImageNet as it is unpacked: <c>train/n01440764/*.JPEG</c>, and <c>val</c> alike or flat. Classes are in the order of their WordNet ids, whose
/// names come from <c>LOC_synset_mapping.txt</c> or a list in that order; two classes are called crane, two maillot. A flat <c>val</c> needs
/// <c>LOC_val_solution.csv</c>, or the ground truth with <c>map_clsloc.txt</c>: its numbers are in the order of ILSVRC's own ids, another one.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
public sealed class ImageNetSource : ILabelled
{
    const string Mapping = "LOC_synset_mapping.txt", Solution = "LOC_val_solution.csv", Truth = "ILSVRC2012_validation_ground_truth.txt",
        Order = "map_clsloc.txt";

    readonly string[] paths;

    /// <summary>Lists a split.</summary>
    /// <param name="folder">Holds <c>train</c> and <c>val</c>, and the lists.</param>
    /// <param name="split"><c>train</c> or <c>val</c>.</param>
    /// <param name="names">
    /// One line a class, in the order of WordNet ids, further names after commas, or <c>n01440764 tench</c>; null takes LOC_synset_mapping.txt.
    /// </param>
    /// <exception cref="InvalidDataException">A list is missing or of another length; the message says what to fetch.</exception>
    public ImageNetSource(string folder, string split = "train", string? names = null)
    {
        Name = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}-{split}";
        var root = Path.Combine(folder, split);
        if (!Directory.Exists(root)) throw new InvalidDataException($"{folder} has no folder {split}; it should hold train and val");
        var log = new SkipLog();
        var files = DataFolder.Files(root, log).Where(ImageFile.IsImage).ToList();
        var flat = files.Count > 0 && files.TrueForAll(file => !IsId(Path.GetFileName(Path.GetDirectoryName(file)!)));
        var ids = flat ? OfFlat(folder, files) : [.. files.Select(file => Path.GetFileName(Path.GetDirectoryName(file)!))];
        foreach (var (file, id) in files.Zip(ids).Where(pair => !IsId(pair.Second))) log.Add(SkipReason.OutsideClasses, file);
        var kept = files.Zip(ids).Where(pair => IsId(pair.Second)).ToList();
        if (kept.Count == 0) throw new InvalidDataException($"{root} holds no images; those of class n01440764 belong in {root}/n01440764");
        var known = Directory.EnumerateDirectories(Path.Combine(folder, "train") is var train && Directory.Exists(train) ? train : root)
            .Select(path => Path.GetFileName(path)).Where(IsId).Concat(kept.Select(pair => pair.Second)).Distinct()
            .Order(StringComparer.Ordinal).ToList();
        var words = NamesOf(names ?? Beside(folder, Mapping) ?? throw new InvalidDataException(
            $"{folder} has no {Mapping}, which names its classes; fetch it, or name a list by --classes, in the order of the WordNet ids"), known);
        (paths, Skipped) = ([.. kept.Select(pair => pair.First)], log.Report());
        Ids = known;
        Classes = new([.. words], [.. kept.Select(pair => known.BinarySearch(pair.Second, StringComparer.Ordinal))]);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Count => paths.Length;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped { get; }

    /// <summary>WordNet ids of the classes, sorted.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>The class of each image.</summary>
    public LabelSet Classes { get; }

    LabelSet? ILabelled.Classes => Classes;

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => new(paths[index], ImageFile.Read(paths[index]), [$"a photo of a {Classes.NameOf(index)}"]);

    static bool IsId(string name) => name is ['n', _, _, _, _, _, _, _, _] && name.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    // The first name of each class.
    static List<string> NamesOf(string list, List<string> known)
    {
        var lines = Utf8File.ReadLines(list).Where(line => !string.IsNullOrWhiteSpace(line)).ToList();
        if (lines.TrueForAll(line => line.Length > 10 && IsId(line[..9])))
        {
            var byId = new Dictionary<string, string>();
            foreach (var line in lines) byId[line[..9]] = line[10..];
            return [.. known.Select(id => First(byId.TryGetValue(id, out var name) ? name
                : throw new InvalidDataException($"{list} does not name {id}; fetch the list of this set")))];
        }
        if (lines.Count != known.Count) throw new InvalidDataException($"{list} has {lines.Count:N0} lines for {known.Count:N0} classes; it names "
            + "one class a line, in the order of the WordNet ids");
        return [.. lines.Select(First)];
    }

    static string First(string names) => names.Split(',')[0].Trim();

    static List<string> OfFlat(string folder, List<string> files)
    {
        if (Beside(folder, Solution) is { } solution)
        {
            var byImage = Utf8File.ReadLines(solution).Skip(1).Select(line => line.Split(','))
                .Where(cells => cells.Length > 1).ToDictionary(cells => cells[0], cells => cells[1].Split(' ')[0]);
            return [.. files.Select(file => byImage.TryGetValue(Path.GetFileNameWithoutExtension(file), out var id) ? id
                : throw new InvalidDataException($"{solution} does not name {file}; it belongs to another set"))];
        }
        if (Beside(folder, Truth) is not { } truth) throw new InvalidDataException($"{Path.GetDirectoryName(files[0])} has no folders of classes; "
            + $"fetch {Solution}, or {Truth} and {Order}, which say the class of each image");
        if (Beside(folder, Order) is not { } order) throw new InvalidDataException($"{truth} counts classes in ILSVRC's order, which is not that of "
            + $"the WordNet ids; fetch {Order} as well, or {Solution} instead of both");
        var byNumber = Utf8File.ReadLines(order).Select(line => line.Split(' ')).Where(cells => cells.Length > 1)
            .ToDictionary(cells => cells[1], cells => cells[0]);
        var numbers = Utf8File.ReadLines(truth).Select(line => line.Trim()).Where(line => line != "").ToList();
        if (numbers.Count != files.Count) throw new InvalidDataException($"{truth} has {numbers.Count:N0} lines for {files.Count:N0} images");
        return [.. numbers.Select(number => byNumber.TryGetValue(number, out var id) ? id
            : throw new InvalidDataException($"{truth} names class {number}, which {order} does not have"))];
    }

    static string? Beside(string folder, string name)
    {
        string[] places = [Path.Combine(folder, name), Path.Combine(folder, "val", name), Path.Combine(folder, "devkit", "data", name)];
        return Array.Find(places, File.Exists);
    }
}
