namespace Silc;

/// <summary>A thing in an image. Threads: immutable.</summary>
/// <param name="ImageId">Id of its image.</param>
/// <param name="CategoryId">Id of its category.</param>
/// <param name="Box">In pixels of the image.</param>
/// <param name="Area">By which it is small, medium or large: the number that the file gives, of its mask as a rule.</param>
/// <param name="IsCrowd">Stands for several things: not trained on, and detections in it are neither right nor wrong.</param>
/// <param name="Mask">Its pixels, where they are known.</param>
/// <param name="Id">Of the annotation.</param>
public sealed record Instance(
    long ImageId, long CategoryId, Box Box, double Area, bool IsCrowd = false, RunMask? Mask = null, long Id = 0);

/// <summary>A kind of things. Threads: immutable.</summary>
/// <param name="Id">Its number in files; COCO's go from 1 to 90 with gaps.</param>
/// <param name="Name">As the file spells it.</param>
/// <param name="Frequency">Of LVIS: <c>r</c>, <c>c</c> or <c>f</c> for rare, common and frequent; null elsewhere.</param>
/// <param name="Synonyms">Further names, the first as a rule among them; null where the file has none.</param>
public sealed record DetectionCategory(long Id, string Name, char? Frequency = null, IReadOnlyList<string>? Synonyms = null);

/// <summary>An image whose things are known. Threads: immutable.</summary>
/// <param name="Id">Its number in files.</param>
/// <param name="FileName">Path of its file from the folder of images.</param>
/// <param name="Width">Pixels across; 0 where the file does not say.</param>
/// <param name="Height">Pixels down; 0 where the file does not say.</param>
/// <param name="Negatives">Of LVIS: ids of categories that somebody looked for and did not find.</param>
/// <param name="NotExhaustive">Of LVIS: ids of categories of which not everything is marked.</param>
public sealed record DetectionImage(
    long Id, string FileName, int Width, int Height, IReadOnlyList<long>? Negatives = null, IReadOnlyList<long>? NotExhaustive = null);

/// <summary>
/// Images, categories and the things in the images: what detections are compared with. Images without a thing belong to it. Threads: any number
/// may read it, while nobody changes its lists.
/// </summary>
/// <param name="Name">What to call it in reports.</param>
/// <param name="Images">All images; ids differ.</param>
/// <param name="Categories">All categories; ids differ. A label is an index into them, never an id less one.</param>
/// <param name="Instances">All things, in the order of the file.</param>
public sealed record DetectionTruth(
    string Name, IReadOnlyList<DetectionImage> Images, IReadOnlyList<DetectionCategory> Categories, IReadOnlyList<Instance> Instances)
{
    /// <summary>What reading found odd or left out, by reason.</summary>
    public IReadOnlyList<SkippedMembers> Skipped { get; init; } = [];

    /// <summary>Names of the categories as a detector is asked for them (<see cref="QueryName"/>); label i is category i of the list.</summary>
    public ClassList Classes() => ClassList.Of(Categories.Select(category =>
        (IReadOnlyList<string>)[.. (category.Synonyms ?? []).Prepend(category.Name).Select(QueryName).Where(name => name != "").Distinct()]));

    /// <summary>
    /// A name in words: lower case, whatever is no letter or digit a space, as in OWL-ViT; LVIS's <c>bow_(weapon)</c> is <c>bow weapon</c>.
    /// </summary>
    public static string QueryName(string name) => string.Join(' ', string.Concat(name.ToLowerInvariant()
        .Select(letter => char.IsLetterOrDigit(letter) ? letter : ' ')).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>Something that a detector found. Threads: immutable.</summary>
/// <param name="ImageId">Id of the image.</param>
/// <param name="CategoryId">Id of the category.</param>
/// <param name="Box">In pixels of the image.</param>
/// <param name="Score">Larger is surer.</param>
/// <param name="Mask">Its pixels, from detectors that give them.</param>
public sealed record Detection(long ImageId, long CategoryId, Box Box, double Score, RunMask? Mask = null);
