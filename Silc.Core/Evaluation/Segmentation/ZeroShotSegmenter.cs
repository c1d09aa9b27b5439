namespace Silc;

/// <summary>
/// Images (N, side, side, 3) in [-1, 1] to the L2-normalised features of their patches (N · T, C); a model's <c>EmbedPatchPixels</c>.
/// </summary>
delegate Vectors PatchEmbedder(float[] pixels, int side);

/// <summary>
/// Segmentation by text alone: every pixel belongs to the class whose prompts its patch is closest to (Zhou et al. 2022,
/// MaskCLIP, arXiv:2112.01071). Scores of patches are interpolated bilinearly to the size of the label map, windows are averaged,
/// and the highest class wins, of equals the first; no refinement. Threads: any number may use it at once.
/// </summary>
/// <example>
/// <code>
/// var segmenter = model.Segmenter(model.Prototypes(ClassList.Of(["cat", "sofa"])), windows: SegmentationWindows.Sliding(224));
/// LabelMap map = segmenter.Segment(ImageFile.Read("room.jpg"));
/// int first = map.Labels[0];                                                // class of the pixel at the top left
/// </code>
/// </example>
public sealed class ZeroShotSegmenter
{
    readonly PatchEmbedder embed;
    readonly int cells;
    readonly Func<Vectors, Vectors> score;
    readonly int classes;
    readonly SegmentationWindows windows;
    readonly double? threshold;
    readonly float temperature;
    readonly ImageRule images;
    readonly bool areProbabilities;
    readonly SegmentationRefinement? refinement;
    readonly PatchEmbedder? keys;

    /// <param name="embed">Embeds windows.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="classes">What the classes look like in words.</param>
    /// <param name="windows">What the model sees of an image at once.</param>
    /// <param name="threshold">
    /// A pixel is class 0, the background, when the softmax probability of its best class is below this. Null: class 0 is as any other.
    /// </param>
    /// <param name="temperature">The factor exp(t) of a model on cosines, for that probability.</param>
    /// <param name="images">
    /// How images are resized and what shows through them; null is <see cref="ImageRule.Own"/>. They are not cut to squares.
    /// </param>
    /// <param name="refinement">What is made of the scores of patches; null leaves them.</param>
    /// <param name="keys">Keys of patches, which its smoothing needs.</param>
    internal ZeroShotSegmenter(
        PatchEmbedder embed, int patch, ClassPrototypes classes, SegmentationWindows windows, double? threshold = null,
            double temperature = 100, ImageRule? images = null, SegmentationRefinement? refinement = null, PatchEmbedder? keys = null)
        : this(embed, patch, classes.Scores, classes.Count, windows, threshold, temperature, images)
    {
        (this.refinement, this.keys) = (refinement?.Check(), keys);
        if (refinement?.SmoothKeys is null) return;
        Require.That(keys is not null, "smoothing needs the keys of patches");
        Require.That(threshold is null,
            "smoothed probabilities do not add up to 1, so that no threshold tells the background: leave one of them out");
    }

    /// <summary>The same by other scores of patches: those of a probe.</summary>
    /// <param name="embed">Embeds windows, not necessarily to unit vectors.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="score">Features (N, C) to scores (N, K).</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="windows">What the model sees of an image at once.</param>
    /// <param name="threshold">As above.</param>
    /// <param name="temperature">The factor on scores, for that probability.</param>
    /// <param name="images">As above.</param>
    internal ZeroShotSegmenter(PatchEmbedder embed, int patch, Func<Vectors, Vectors> score, int classes, SegmentationWindows windows,
        double? threshold = null, double temperature = 1, ImageRule? images = null)
    {
        Require.Positive(patch, "patch size");
        windows.Check(patch);
        Require.That(threshold is null or (>= 0 and <= 1),
            $"the background threshold is {threshold}, a probability lies in [0, 1]");
        (this.embed, cells, this.score, this.classes) = (embed, windows.Side / patch, score, classes);
        (this.windows, this.threshold, this.temperature, this.images) = (windows, threshold, (float)temperature, images ?? ImageRule.Own);
    }

    /// <summary>The same by a head that has a probability of each class at each of its cells, which need not be patches.</summary>
    /// <param name="embed">Windows to probabilities of cells, (N · cells², K).</param>
    /// <param name="cells">Cells along a side of a window.</param>
    /// <param name="score">Those to the classes' own.</param>
    /// <param name="classes">Number of classes K.</param>
    /// <param name="windows">What is seen of an image at once.</param>
    /// <param name="threshold">Pixels whose highest probability is below are class 0.</param>
    /// <param name="images">As above.</param>
    internal ZeroShotSegmenter(PatchEmbedder embed, int cells, Func<Vectors, Vectors> score, int classes, SegmentationWindows windows,
        double? threshold, ImageRule images) : this(embed, 1, score, classes, windows, threshold, 1, images) =>
        (this.cells, areProbabilities) = (cells, true);

    /// <summary>Class of every pixel of the image.</summary>
    public LabelMap Segment(RgbImage image) => Segment(image, image.Width, image.Height);

    /// <summary>Class of every pixel of a label map of another size than the image.</summary>
    public LabelMap Segment(RgbImage image, int width, int height) => Segment([(image, width, height)])[0];

    /// <summary>The same of several images, whose windows are embedded together: small devices take as long for one.</summary>
    /// <exception cref="ArgumentException">The model gave another number of patch features than the windows have patches.</exception>
    public IReadOnlyList<LabelMap> Segment(IReadOnlyList<(RgbImage Image, int Width, int Height)> images)
    {
        // Of each image the windows, and where that is asked for the whole of it.
        List<List<Cut>> all = [.. images.Select(one => Cuts(one.Image))];
        List<Cut> cuts = [.. all.SelectMany(of => of)];
        float[] pixels = [.. cuts.SelectMany(cut => cut.Pixels)];
        var scores = score(embed(pixels, windows.Side));
        int each = cells * cells;
        Require.That(scores.Count == cuts.Sum(cut => cut.Count) * each,
            $"{scores.Count} patch features for {cuts.Sum(cut => cut.Count)} windows of {cells} x {cells} patches");
        var (maps, first) = (new LabelMap[images.Count], 0);
        var keyed = refinement?.SmoothKeys is null ? null : keys!(pixels, windows.Side);
        foreach (var (i, of) in all.Index())
        {
            refinement?.Apply(scores, keyed, first, of.Sum(cut => cut.Count), each, temperature);
            var (width, height) = (images[i].Width, images[i].Height);
            var layers = new List<Layer>();
            foreach (var cut in of)
            {
                layers.Add(new(SideBySide(scores, first, cut, cells), cut.Left.Length * cells,
                    new(width, cut.Across, cut.Left, windows.Side, cells), new(height, cut.Down, cut.Top, windows.Side, cells)));
                first += cut.Count * each;
            }
            maps[i] = Map(layers, width, height);
        }
        return maps;
    }

    List<Cut> Cuts(RgbImage image)
    {
        var cut = new Cut(image, windows, images);
        return windows.AndWhole && cut.Count > 1 ? [cut, new(image, SegmentationWindows.Whole(windows.Side), images)] : [cut];
    }

    LabelMap Map(IReadOnlyList<Layer> layers, int width, int height)
    {
        var labels = new int[width * height];
        Parallel.For(0, height, () => new Line(width, layers.Max(layer => layer.Cols)), (row, _, line) =>
        {
            line.Clear();
            for (int k = 0; k < classes; k++)
            {
                if (float.IsNegativeInfinity(layers[0].Scores[k, 0])) continue;       // a class without words
                line.Add(k, layers, row, temperature);
            }
            line.Finish(threshold, areProbabilities, labels.AsSpan(row * width, width));
            return line;
        }, _ => { });
        return new(width, height, labels);
    }

    /// <summary>Scores (K, rows · cols) of cells side by side, and what pixels read of them along both axes.</summary>
    sealed record Layer(Vectors Scores, int Cols, CellWeights X, CellWeights Y);

    // Scores (K, rows · cols) of the patches of an image from those of all windows, (N, K); its own begin at a row.
    Vectors SideBySide(Vectors scores, int first, Cut cut, int cells)
    {
        int across = cut.Left.Length, cols = across * cells, patches = cut.Count * cells * cells;
        var turned = new Vectors(classes, patches);
        for (int i = 0; i < patches; i++)
        {
            int window = i / (cells * cells), cell = i % (cells * cells);
            int row = window / across * cells + cell / cells, col = window % across * cells + cell % cells;
            for (int k = 0; k < classes; k++) turned[k, row * cols + col] = scores[first + i, k];
        }
        return turned;
    }

    /// <summary>An image in windows, row by row.</summary>
    sealed class Cut
    {
        public Cut(RgbImage image, SegmentationWindows windows, ImageRule rule)
        {
            (Across, Down) = windows.Size(image);
            (Left, Top) = (windows.Starts(Across), windows.Starts(Down));
            var whole = new float[Across * Down * 3];
            EvalImage.Whole(image, Across, Down, rule, whole);
            Photometric.ToSigned(whole);
            int side = windows.Side;
            Pixels = new float[Count * side * side * 3];
            for (int w = 0; w < Count; w++)
                for (int line = 0; line < side; line++)
                {
                    int from = ((Top[w / Left.Length] + line) * Across + Left[w % Left.Length]) * 3;
                    whole.AsSpan(from, side * 3).CopyTo(Pixels.AsSpan((w * side + line) * side * 3));
                }
        }

        public int Across { get; }

        public int Down { get; }

        public int[] Left { get; }

        public int[] Top { get; }

        public int Count => Left.Length * Top.Length;

        public float[] Pixels { get; }
    }

    /// <summary>The best class so far of every pixel of a row, and the sum of a softmax relative to it.</summary>
    sealed class Line(int width, int cols)
    {
        readonly float[] best = new float[width], sum = new float[width], scored = new float[width], cells = new float[cols];
        readonly int[] label = new int[width];

        public void Clear()
        {
            Array.Fill(best, float.NegativeInfinity);
            Array.Clear(sum);
        }

        public void Add(int k, IReadOnlyList<Layer> layers, int line, float temperature)
        {
            Array.Clear(scored);
            foreach (var layer in layers)
            {
                var scores = layer.Scores.Row(k);
                int cols = layer.Cols;
                Array.Clear(cells);
                foreach (var (row, weight) in layer.Y.Of(line))
                    for (int c = 0; c < cols; c++) cells[c] += weight * scores[row * cols + c];
                for (int i = 0; i < width; i++)
                    foreach (var (cell, weight) in layer.X.Of(i)) scored[i] += weight * cells[cell];
            }
            for (int i = 0; i < width; i++)
            {
                float score = scored[i] / layers.Count;
                if (score > best[i])
                {
                    sum[i] = sum[i] * MathF.Exp(temperature * (best[i] - score)) + 1;
                    (best[i], label[i]) = (score, k);
                }
                else
                {
                    sum[i] += MathF.Exp(temperature * (score - best[i]));
                }
            }
        }

        public void Finish(double? threshold, bool areProbabilities, Span<int> labels)
        {
            for (int i = 0; i < width; i++)
                labels[i] = threshold is { } least && (areProbabilities ? best[i] : 1 / sum[i]) < least ? 0 : label[i];
        }
    }
}
