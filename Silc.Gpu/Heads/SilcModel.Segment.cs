namespace Silc;

// Segmentation of an image by words.
public sealed partial class SilcModel
{
    /// <summary>
    /// Finds classes in an image by their names: the class of every pixel, by the model alone (Zhou et al. 2022, MaskCLIP, arXiv:2112.01071) or by a
    /// head that was trained on it. For many images take <see cref="Segmenter"/> or <see cref="SegmentationHead.Segmenter"/>, which embed the names
    /// once.
    /// </summary>
    /// <param name="image">Decoded; <see cref="ImageFile"/> reads files, streams and bytes.</param>
    /// <param name="classes">Names, any words; every pixel gets one of them.</param>
    /// <param name="head">Null segments by the model alone.</param>
    /// <param name="templates">Sentences with {}; null takes those of the head, or <see cref="Prompts.Photo"/>.</param>
    /// <param name="windows">What is seen at once; null shows the whole image.</param>
    /// <returns>For each pixel the index of its class, as large as the image.</returns>
    /// <exception cref="ArgumentException">There is no class, an empty one or two of one name; or the head is of another model.</exception>
    /// <exception cref="InvalidOperationException">The model is an image tower alone, or has no tokenizer.</exception>
    public LabelMap Segment(RgbImage image, IEnumerable<string> classes, SegmentationHead? head = null, IReadOnlyList<string>? templates = null,
        SegmentationWindows? windows = null)
    {
        Require.That(head is null || head.Model == this, "the head was loaded beside another model: load it beside this one");
        var list = ClassList.Of(classes);
        HeadTexts.Check(list, Tokenizer);
        var prototypes = head?.Prototypes(list, templates) ?? Prototypes(list, templates);
        return (head?.Segmenter(prototypes, windows) ?? Segmenter(prototypes, windows: windows)).Segment(image);
    }
}
