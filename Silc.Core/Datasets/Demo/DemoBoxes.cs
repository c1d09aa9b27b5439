namespace Silc.Datasets;

/// <summary>The least rectangle around the pixels that are seen of an object. Threads: any number may call.</summary>
static class DemoBoxes
{
    /// <summary>Of each object that is not all covered: its place in the scene, its box in pixels and the number of its pixels.</summary>
    public static IEnumerable<(int Object, Box Box, int Area)> Of(DemoScene scene)
    {
        var mask = scene.Mask();
        for (int k = 0; k < scene.Objects.Count; k++)
        {
            int left = scene.Size, top = scene.Size, right = 0, bottom = 0, area = 0;
            for (int i = 0; i < mask.Length; i++)
            {
                if (mask[i] != k + 1) continue;
                (left, right) = (Math.Min(left, i % scene.Size), Math.Max(right, i % scene.Size + 1));
                (top, bottom) = (Math.Min(top, i / scene.Size), Math.Max(bottom, i / scene.Size + 1));
                area++;
            }
            if (area > 0) yield return (k, new(left, top, right - left, bottom - top), area);
        }
    }
}
