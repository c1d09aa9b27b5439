namespace Silc;

/// <summary>Segments whole data sets. Threads: any number may call.</summary>
public static class SegmentationScores
{
    const int PicturesAtOnce = 16;

    /// <summary>One confusion matrix of the pixels of all pictures.</summary>
    /// <param name="segmenter">Its classes are those of the source.</param>
    /// <param name="source">Pictures with their labels.</param>
    /// <param name="seen">Is shown every picture, its labels and what was predicted, in order.</param>
    /// <param name="unread">Is told index and reason of a picture or mask that cannot be read, which is left out; null throws the reason.</param>
    /// <param name="stop">Ends the work with the 16 pictures at hand.</param>
    /// <exception cref="InvalidDataException">A label is not among the classes; the message names the picture.</exception>
    public static ConfusionMatrix Of(ZeroShotSegmenter segmenter, ISegmentationSource source,
        Action<SegmentedPicture, LabelMap>? seen = null, Action<int, Exception>? unread = null, CancellationToken stop = default)
    {
        Require.Positive(source.Count, $"number of pictures of {source.Name}");
        var confusion = new ConfusionMatrix(source.Classes.Count);
        foreach (var indices in Enumerable.Range(0, source.Count).Chunk(PicturesAtOnce))
        {
            stop.ThrowIfCancellationRequested();
            SegmentedPicture[] examples = [.. indices.Select(Read).OfType<SegmentedPicture>()];
            if (examples.Length == 0) continue;
            var predicted = segmenter.Segment([.. examples.Select(example => (example.Picture, example.Labels.Width, example.Labels.Height))]);
            foreach (var (example, answer) in examples.Zip(predicted))
            {
                if (example.Labels.Labels.Max() >= source.Classes.Count)
                    throw new InvalidDataException(
                        $"{example.Key}: label {example.Labels.Labels.Max()} is not among the {source.Classes.Count} classes, "
                        + "0 to " + $"{source.Classes.Count - 1}; name it in the list of classes, or ignore it");
                confusion.Add(example.Labels.Labels, answer.Labels);
                seen?.Invoke(example, answer);
            }
        }
        return confusion;

        SegmentedPicture? Read(int index)
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
