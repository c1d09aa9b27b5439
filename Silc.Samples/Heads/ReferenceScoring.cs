using Silc.Samples.Data;
using Silc.Samples.Evaluation;
using Silc.Samples.Terminals;

namespace Silc.Samples.Heads;

/// <summary>The box that a head gives for each sentence, beside boxes that need no sentence.</summary>
/// <param name="source">Sentences, each about one thing.</param>
sealed class ReferenceScoring(IReferenceSource source)
{
    /// <summary>The measure that stands for all: share of the sentences whose box overlaps the thing's by half of both, IoU of 0.5.</summary>
    public const string Measure = "Acc@0.5";

    const int SentencesAtOnce = 64;
    const double Overlap = 0.5;

    readonly WorstFirst<(int Index, Box? Said, double Iou)> answers = new(HeadPictures.Most);

    /// <summary>Finds what sentences speak of, each in its image; null where nothing is found.</summary>
    public delegate IReadOnlyList<Box?> Finder(IReadOnlyList<RgbImage> images, IReadOnlyList<string> sentences);

    /// <summary>Boxes by the id of their sentence, as left, top, width and height in pixels; empty where none was found.</summary>
    public Dictionary<long, string> Written { get; } = [];

    /// <summary>The surest box of a detection head for each sentence.</summary>
    public static Finder By(DetectionHead head, bool objectness) => (images, sentences) =>
    {
        string[] different = [.. sentences.Distinct()];
        var classes = head.Prototypes(ClassList.Of(different));
        // Sentences of one image follow each other.
        RgbImage[] seen = [.. images.Distinct()];
        var found = head.Detect(seen, classes, int.MaxValue, objectness: objectness).Select(boxes =>
            boxes.GroupBy(one => one.Label).ToDictionary(own => own.Key, own => own.First().Box)).ToArray();
        return [.. images.Zip(sentences, (image, sentence) =>
            found[Array.IndexOf(seen, image)].TryGetValue(Array.IndexOf(different, sentence), out var box) ? box : (Box?)null)];
    };

    /// <summary>The box that an answering head writes for each sentence.</summary>
    public static Finder By(DecoderHead head, int beam) => (images, sentences) => [.. head.Answers(images, sentences, beam)
        .Zip(images, (said, image) => BoxWords.Read(said.Text, image.Width, image.Height))];

    /// <summary>The score of a head.</summary>
    /// <param name="method">What the line is called.</param>
    /// <param name="find">Asks it.</param>
    /// <param name="keep">Keeps what it said, and a few images.</param>
    public Score Of(string method, Finder find, bool keep)
    {
        var unread = new UnreadImages(source.Name, source.Count);
        var overlaps = new List<double>();
        Progress.Show("sentences", source.Count, report =>
        {
            var (id, image) = (-1L, (RgbImage?)null);
            foreach (var indices in Enumerable.Range(0, source.Count).Chunk(SentencesAtOnce))
            {
                Interrupt.Current?.Token.ThrowIfCancellationRequested();
                var (images, places) = (new List<RgbImage>(), new List<int>());
                foreach (int index in indices)
                {
                    if (source.Thing(index).ImageId is var own && own != id) (id, image) = (own, unread.Try(index, () => source.ReadImage(index)));
                    if (image is null) continue;
                    images.Add(image);
                    places.Add(index);
                }
                if (places.Count == 0) continue;
                foreach (var (place, box) in places.Zip(find(images, [.. places.Select(place => source.Thing(place).Sentence)])))
                {
                    double iou = box?.Iou(source.Thing(place).Box) ?? 0;
                    overlaps.Add(iou);
                    if (!keep) continue;
                    answers.Add(iou, (place, box, iou));
                    Written[source.Thing(place).Id] = box is { } said ? $"{said.X:F1} {said.Y:F1} {said.Width:F1} {said.Height:F1}" : "";
                }
                report(indices[^1] + 1);
            }
        });
        unread.Say();
        _ = unread.Others();
        return Line(method, overlaps);
    }

    /// <summary>The whole image, and the mean box of the other half of the images.</summary>
    public IEnumerable<Score> Floors()
    {
        int[] all = [.. Enumerable.Range(0, source.Count)];
        yield return Line("the whole image", [.. all.Select(index => source.SizeOf(index) is var size
            ? source.Thing(index).Box.Iou(new(0, 0, size.Width, size.Height)) : 0)]);
        var means = Enumerable.Range(0, 2).Select(half => Mean([.. all.Where(index => source.Thing(index).ImageId % 2 != half)])).ToArray();
        yield return Line("always the mean box", [.. all.Select(index =>
        {
            var ((width, height), mean) = (source.SizeOf(index), means[source.Thing(index).ImageId % 2]);
            return source.Thing(index).Box.Iou(new(mean.X * width, mean.Y * height, mean.Width * width, mean.Height * height));
        })]);
    }

    /// <summary>Images with the truth's box and the head's, the least overlap first.</summary>
    public IReadOnlyList<HeadPictures> Pictures()
    {
        HeadPictures Of(string name, string title, IEnumerable<(int Index, Box? Said, double Iou)> some) => new(name, title, [.. some.Select(one =>
        {
            var (thing, image) = (source.Thing(one.Index), source.ReadImage(one.Index));
            var large = DetectionScoring.Large(image, out double factor);
            RgbImage Draw(Box? box, Colour colour) => box is { } there
                ? BoxPainter.Draw(large, DetectionScoring.Scaled([(there, colour, "")], factor)) : large;
            return new ContactSheetRow(thing.Sentence, [new(Draw(thing.Box, SegmentationPainter.UsualColour(0, false)), "truth"),
                new(Draw(one.Said, SegmentationPainter.UsualColour(1, false)), one.Said is null ? "head: no box" : $"head: IoU {100 * one.Iou:F0} %",
                    one.Iou >= Overlap)]);
        })], []);
        return [Of(HeadPictures.Worst, "The worst mistakes: least overlap", answers.Worst), Of(HeadPictures.First, "As they come", answers.First)];
    }

    // In shares of the image.
    Box Mean(int[] indices)
    {
        var sums = new double[4];
        foreach (int index in indices)
        {
            var (box, (width, height)) = (source.Thing(index).Box, source.SizeOf(index));
            foreach (var (i, share) in new[] { box.X / width, box.Y / height, box.Width / width, box.Height / height }.Index())
                sums[i] += share / indices.Length;
        }
        return new(sums[0], sums[1], sums[2], sums[3]);
    }

    Score Line(string method, IReadOnlyList<double> overlaps) => new(source.Name, overlaps.Count, method,
    [
        new(Measure, overlaps.Count(iou => iou >= Overlap) / (double)Math.Max(1, overlaps.Count)),
        new("mean IoU", overlaps.DefaultIfEmpty().Average()),
    ]);
}
