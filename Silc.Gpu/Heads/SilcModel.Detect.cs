namespace Silc;

// Things found by words.
public sealed partial class SilcModel
{
    /// <summary>
    /// Finds things in an image by their names, by a head that was trained on this model. For many images take
    /// <see cref="DetectionHead.Detect(RgbImage, ClassPrototypes, int, double, bool)"/>, for which the names are embedded once.
    /// </summary>
    /// <param name="image">Decoded; <see cref="ImageFile"/> reads files, streams and bytes.</param>
    /// <param name="classes">Names, any words.</param>
    /// <param name="head">Of <c>silc head train detect</c> or <see cref="DetectionRun"/>.</param>
    /// <param name="least">Boxes with a lower probability are left out, 0 to 1.</param>
    /// <returns>Boxes in pixels of the image, the surest first; a label is the index of a class.</returns>
    /// <exception cref="ArgumentException">There is no class, an empty one or two of one name; or the head is of another model.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public IReadOnlyList<FoundBox> Detect(RgbImage image, IEnumerable<string> classes, DetectionHead head, double least = 0.3)
    {
        Require.That(head.Model == this, "the head was loaded beside another model: load it beside this one");
        var list = ClassList.Of(classes);
        HeadTexts.Check(list, Tokenizer);
        return head.Detect(image, head.Prototypes(list), least: least);
    }
}
