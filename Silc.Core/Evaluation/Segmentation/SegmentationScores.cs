namespace Silc;

/// <summary>Segments whole data sets. Threads: any number may call.</summary>
public static class SegmentationScores
{
    const int ImagesAtOnce = 16;

    /// <summary>One confusion matrix of the pixels of all images.</summary>
    /// <param name="segmenter">Its classes are those of the source.</param>
    /// <param name="source">Images with their labels.</param>
    /// <param name="seen">Is shown every image, its labels and what was predicted, in order.</param>
    /// <param name="unread">Is told index and reason of an image or mask that cannot be read, which is left out; null throws the reason.</param>
    /// <param name="stop">Ends the work with the 16 images at hand.</param>
    /// <param name="counted">
    /// What an answer counts as: VOC-20b takes all names behind its twentieth for the background. Null takes it as it is.
    /// </param>
    /// <exception cref="InvalidDataException">A label is not among the classes; the message names the image.</exception>
    /// <exception cref="ArgumentException">The source has no image.</exception>
    public static ConfusionMatrix Of(ZeroShotSegmenter segmenter, ISegmentationSource source,
        Action<SegmentedImage, LabelMap>? seen = null, Action<int, Exception>? unread = null, CancellationToken stop = default,
        Func<int, int>? counted = null)
    {
        Require.Positive(source.Count, $"number of images of {source.Name}");
        var confusion = new ConfusionMatrix(source.Classes.Count);
        foreach (var indices in Enumerable.Range(0, source.Count).Chunk(ImagesAtOnce))
        {
            stop.ThrowIfCancellationRequested();
            SegmentedImage[] examples = [.. indices.Select(Read).OfType<SegmentedImage>()];
            if (examples.Length == 0) continue;
            var predicted = segmenter.Segment([.. examples.Select(example => (example.Image, example.Labels.Width, example.Labels.Height))]);
            foreach (var (example, found) in examples.Zip(predicted))
            {
                var answer = counted is null ? found : found.Map(counted);
                if (example.Labels.Labels.Max() >= source.Classes.Count)
                    throw new InvalidDataException(
                        $"{example.Key}: label {example.Labels.Labels.Max()} is not among the {source.Classes.Count} classes, "
                        + "0 to " + $"{source.Classes.Count - 1}; name it in the list of classes, or ignore it");
                confusion.Add(example.Labels.Labels, answer.Labels);
                seen?.Invoke(example, answer);
            }
        }
        return confusion;

        SegmentedImage? Read(int index)
        {
            try
            {
                return source.Read(index);
            }
            catch (Exception error) when (unread is not null && Unreadable.Is(error))
            {
                unread(index, error);
                return null;
            }
        }
    }
}
