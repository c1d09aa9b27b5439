namespace Silc;

/// <summary>Segments whole data sets.</summary>
public static class SegmentationScores
{
    const int PicturesAtOnce = 16;

    /// <summary>One confusion matrix of the pixels of all pictures.</summary>
    /// <param name="segmenter">Its classes are those of the source.</param>
    /// <param name="source">Pictures with their labels.</param>
    /// <param name="seen">Is shown every picture, its labels and what was predicted, in order.</param>
    /// <exception cref="InvalidDataException">A label is not among the classes; the message names the picture.</exception>
    public static ConfusionMatrix Of(ZeroShotSegmenter segmenter, ISegmentationSource source,
        Action<SegmentedPicture, LabelMap>? seen = null)
    {
        Require.Positive(source.Count, $"number of pictures of {source.Name}");
        var confusion = new ConfusionMatrix(source.Classes.Count);
        foreach (var indices in Enumerable.Range(0, source.Count).Chunk(PicturesAtOnce))
        {
            SegmentedPicture[] examples = [.. indices.Select(source.Read)];
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
    }
}
