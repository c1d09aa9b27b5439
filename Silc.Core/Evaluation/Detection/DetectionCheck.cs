namespace Silc;

/// <summary>What a comparison of detections with truths refuses. Threads: any number may call.</summary>
static class DetectionCheck
{
    /// <exception cref="ArgumentException">Says which entry, and what is wrong with it.</exception>
    public static void Of(DetectionTruth truth, IReadOnlyList<Detection> found, bool masks)
    {
        var images = Ids(truth.Images.Select(image => image.Id), $"{truth.Name}: two images have the id");
        var categories = Ids(truth.Categories.Select(category => category.Id), $"{truth.Name}: two categories have the id");
        foreach (var instance in truth.Instances)
        {
            Require.That(images.Contains(instance.ImageId), $"{truth.Name}: annotation {instance.Id} is of image {instance.ImageId}, which is not "
                + "in its list of images");
            Require.That(categories.Contains(instance.CategoryId), $"{truth.Name}: annotation {instance.Id} is of category "
                + $"{instance.CategoryId}, which is not in its list of categories");
            Require.That(!masks || instance.Mask is not null, $"{truth.Name}: annotation {instance.Id} has no mask; compare boxes instead");
        }
        foreach (var (i, detection) in found.Index())
        {
            Require.That(images.Contains(detection.ImageId), $"detection {i} is of image {detection.ImageId}, which {truth.Name} does not have; "
                + "the results belong to another set");
            Require.That(categories.Contains(detection.CategoryId), $"detection {i} is of category {detection.CategoryId}, which {truth.Name} does "
                + $"not have; its categories are {truth.Categories.Min(category => category.Id)} to "
                + $"{truth.Categories.Max(category => category.Id)}, ids, not indices");
            Require.That(double.IsFinite(detection.Score), $"detection {i} of image {detection.ImageId} has the score {detection.Score}");
            var (x, y, width, height) = detection.Box;
            Require.That(double.IsFinite(x + y + width + height) && width >= 0 && height >= 0,
                $"detection {i} of image {detection.ImageId} has the box {x}, {y}, {width}, {height}; it is left, top, width, height, in pixels");
            Require.That(!masks || detection.Mask is not null, $"detection {i} of image {detection.ImageId} has no mask; compare boxes instead");
        }
    }

    static HashSet<long> Ids(IEnumerable<long> ids, string otherwise)
    {
        var known = new HashSet<long>();
        foreach (long id in ids) Require.That(known.Add(id), $"{otherwise} {id}");
        return known;
    }
}
