namespace Silc;

/// <summary>
/// Captions of COCO's images with the boxes of its instances, joined by the id of the image, for located captions. Crowds and boxes without area are
/// left out; a box is called by its category, in words. Threads: any number may call <see cref="Read"/>.
/// </summary>
sealed class BoxedCaptions : IImageTextSource
{
    readonly CaptionJsonSource captions;
    readonly ILookup<long, NamedBox> boxes;

    /// <param name="captions">Images and captions.</param>
    /// <param name="truth">Things in COCO's images; those of other images are not used.</param>
    /// <exception cref="InvalidDataException">No image has a box: the files are of different images.</exception>
    public BoxedCaptions(CaptionJsonSource captions, DetectionTruth truth)
    {
        this.captions = captions;
        var names = truth.Categories.ToDictionary(category => category.Id, category => DetectionTruth.QueryName(category.Name));
        boxes = truth.Instances.Where(one => !one.IsCrowd && one.Box is { Width: > 0, Height: > 0 })
            .ToLookup(one => one.ImageId, one => new NamedBox(one.Box, names[one.CategoryId]));
        if (!Enumerable.Range(0, Count).Any(index => boxes.Contains(captions.IdOf(index))))
            throw new InvalidDataException($"none of the {Count:N0} images of {captions.Name} has a box in {truth.Name}: the files are of different "
                + "images; name the instances of the same ones");
    }

    /// <inheritdoc/>
    public string Name => captions.Name;

    /// <inheritdoc/>
    public int Count => captions.Count;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedMembers> Skipped => captions.Skipped;

    bool IImageTextSource.HasBoxes => true;

    IReadOnlyList<NamedBox> IImageTextSource.BoxesOf(int index) => [.. boxes[captions.IdOf(index)]];

    /// <inheritdoc/>
    public ImageTextPair Read(int index) => captions.Read(index);
}
