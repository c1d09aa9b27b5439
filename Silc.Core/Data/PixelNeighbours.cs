using System.Numerics;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// The nearest image by plain pixels: what classification reaches without any model. A trained model that does not beat this
/// has learned nothing about content. Threads: any number may call.
/// </summary>
static class PixelNeighbours
{
    /// <summary>
    /// For each query the index of the reference image at the smallest Euclidean distance, both shrunk to
    /// <paramref name="side"/> x <paramref name="side"/> pixels.
    /// </summary>
    /// <param name="references">Images to find.</param>
    /// <param name="queries">Images to find them for.</param>
    /// <param name="side">Pixels across and down that are compared.</param>
    /// <param name="outline">
    /// True compares images on black and on white, which tells transparent from grey and finds more; false on mid-grey alone,
    /// all that a model sees.
    /// </param>
    public static int[] Nearest(IImageTextSource references, IImageTextSource queries, int side = 24, bool outline = true)
    {
        Colour[] grounds = outline ? [new(0, 0, 0), new(1, 1, 1)] : [Colour.MidGrey];
        var (known, asked) = (Thumbnails(references, side, grounds), Thumbnails(queries, side, grounds));
        var nearest = new int[asked.Length];
        ParallelLoop.Run(asked.Length, q =>
        {
            var best = float.PositiveInfinity;
            for (var r = 0; r < known.Length; r++)
            {
                var distance = SquaredDistance(asked[q], known[r]);
                if (distance < best) (best, nearest[q]) = (distance, r);
            }
        });
        return nearest;
    }

    /// <summary>Fraction of queries whose nearest reference has the same class name.</summary>
    public static double Accuracy(IReadOnlyList<int> nearest, LabelSet references, LabelSet queries) =>
        nearest.Index().Average(pair => references.NameOf(pair.Item) == queries.NameOf(pair.Index) ? 1.0 : 0.0);

    static float[][] Thumbnails(IImageTextSource source, int side, Colour[] grounds)
    {
        var thumbnails = new float[source.Count][];
        ParallelLoop.Run(source.Count, i =>
        {
            var image = source.Read(i).Image;
            var pixels = thumbnails[i] = new float[grounds.Length * 3 * side * side];
            foreach (var (g, ground) in grounds.Index())
            {
                var part = pixels.AsSpan(g * 3 * side * side, 3 * side * side);
                Resample.Crop(image, CropBox.Of(image), part, side, side, ResampleFilter.Bilinear, ground);
            }
        });
        return thumbnails;
    }

    static float SquaredDistance(float[] a, float[] b)
    {
        var x = MemoryMarshal.Cast<float, Vector<float>>(a);
        var y = MemoryMarshal.Cast<float, Vector<float>>(b);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < x.Length; i++) sums += (x[i] - y[i]) * (x[i] - y[i]);
        var sum = Vector.Sum(sums);
        for (var i = x.Length * Vector<float>.Count; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
