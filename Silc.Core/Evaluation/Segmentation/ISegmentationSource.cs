namespace Silc;

/// <summary>An image and the class of every pixel of it. Threads: any number may read it, while nobody changes its arrays.</summary>
/// <param name="Key">Where it came from, for reports.</param>
/// <param name="Image">The decoded image.</param>
/// <param name="Labels">As wide and as high as the image.</param>
public sealed record SegmentedImage(string Key, RgbImage Image, LabelMap Labels);

/// <summary>
/// Images whose every pixel has a class, by index. Implement it to evaluate on data of your own.
/// Threads: any number may call <see cref="Read"/>.
/// </summary>
public interface ISegmentationSource
{
    /// <summary>What to call it in reports.</summary>
    string Name { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Names of the classes; labels are indices into them.</summary>
    ClassList Classes { get; }

    /// <summary>Class 0 is whatever no other class names.</summary>
    bool HasBackground { get; }

    /// <summary>
    /// Answers of this class and of all behind it count as it; null where each class is its own. The background of VOC-20b has 39 names.
    /// </summary>
    int? MergedFrom => null;

    /// <summary>Colour of a class in overlays.</summary>
    Colour ColourOf(int label) => SegmentationPainter.UsualColour(label, HasBackground);

    /// <summary>What was left out when the source was opened, by reason.</summary>
    IReadOnlyList<SkippedMembers> Skipped => [];

    /// <summary>Reads image <paramref name="index"/>; called from several threads at once.</summary>
    SegmentedImage Read(int index);
}
