namespace Silc.Tests;

/// <summary>MaskCLIP's refinements beside plain loops in double precision.</summary>
[TestClass]
public sealed class SegmentationRefinementTests
{
    const int Windows = 2, Patches = 9, Classes = 4, Channels = 5, First = 3;
    const double Temperature = 20;

    static Vectors Drawn(int rows, int width, int seed)
    {
        var random = new Random(seed);
        var drawn = new Vectors(rows, width);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < width; c++) drawn[r, c] = random.NextSingle() - 0.5f;
        return drawn.Normalize();
    }

    // Class 0 is without words where asked for; class 2 is nowhere probable.
    static Vectors Scores(bool wordless)
    {
        var scores = Drawn(First + Windows * Patches, Classes, 1);
        for (int r = 0; r < scores.Count; r++)
        {
            if (wordless) scores[r, 0] = float.NegativeInfinity;
            scores[r, 2] = -0.9f;
        }
        return scores;
    }

    static double[][] Softmax(double[][] rows) => [.. rows.Select(row =>
    {
        double most = row.Max(), sum = row.Sum(value => Math.Exp(Temperature * (value - most)));
        return row.Select(value => Math.Exp(Temperature * (value - most)) / sum).ToArray();
    })];

    // As the published code, with unit rows of keys and windows apart.
    static double[][] Expected(Vectors scores, Vectors keys, double? denoise, double? smooth)
    {
        double[][] cosines = [.. Enumerable.Range(First, Windows * Patches).Select(r => Enumerable.Range(0, Classes).Select(k => (double)scores[r, k])
            .ToArray())];
        if (denoise is { } least)
        {
            var shares = Softmax(cosines);
            bool[] kept = [.. Enumerable.Range(0, Classes).Select(k => shares.Max(row => row[k]) >= least)];
            if (kept.Contains(true))
                cosines = [.. cosines.Select(row => row.Select((value, k) => kept[k] ? value : double.NegativeInfinity).ToArray())];
        }
        if (smooth is not { } below) return cosines;
        var before = Softmax(cosines);
        return [.. before.Select((row, i) => row.Select((value, k) => double.IsNegativeInfinity(cosines[i][k]) ? double.NegativeInfinity
            : row.Max() >= below && below < 1 ? value
            : Enumerable.Range(i / Patches * Patches, Patches).Sum(j => before[j][k]
                * Enumerable.Range(0, Channels).Sum(c => (double)keys[First + i, c] * keys[First + j, c]))).ToArray())];
    }

    [TestMethod]
    [DataRow(null, null, false)]
    [DataRow(0.5, null, false)]
    [DataRow(0.5, null, true)]
    [DataRow(1.0, null, false)]
    [DataRow(null, 1.0, false)]
    [DataRow(null, 0.7, false)]
    [DataRow(0.5, 0.7, true)]
    [DataRow(0.5, 1.0, false)]
    public void Scores_are_those_of_plain_loops(double? denoise, double? smooth, bool wordless)
    {
        var (scores, keys) = (Scores(wordless), Drawn(First + Windows * Patches, Channels, 2));
        var (before, expected) = (Scores(wordless), Expected(scores, keys, denoise, smooth));
        new SegmentationRefinement(denoise, smooth).Check().Apply(scores, keys, First, Windows, Patches, Temperature);
        for (int r = 0; r < First; r++)
            for (int k = 0; k < Classes; k++) Assert.AreEqual(before[r, k], scores[r, k], "rows of another image");
        bool changed = false;
        for (int r = 0; r < Windows * Patches; r++)
            for (int k = 0; k < Classes; k++)
            {
                changed |= before[First + r, k] != scores[First + r, k];
                if (double.IsNegativeInfinity(expected[r][k])) Assert.AreEqual(float.NegativeInfinity, scores[First + r, k]);
                else Assert.AreEqual(expected[r][k], scores[First + r, k], 1e-6, $"row {r}, class {k}");
            }
        Assert.AreEqual(smooth is not null || denoise is 0.5, changed);
    }

    [TestMethod]
    public void A_segmenter_leaves_out_improbable_names_image_by_image_and_smooths_by_keys()
    {
        // Two images of 2 x 2 patches; the best class of each patch by cosine, and a lone patch of class 1 whose key is like the others'.
        static Vectors Embed(float[] pixels, int side) => Vectors.Of(Enumerable.Range(0, pixels.Length / (side * side * 3) * 4)
            .Select(i => (float[])(i % 4 == 3 ? [0.5f, 0.52f, 0] : [0.9f, 0.1f, 0])));
        var classes = ClassPrototypes.Of(ClassList.Of(["a", "b", "c"]), texts => Vectors.Of(texts.Select(text =>
            new float[] { text == "a" ? 1 : 0, text == "b" ? 1 : 0, text == "c" ? 1 : 0 })), Prompts.NameOnly);
        int[] Labels(SegmentationRefinement? refinement) => new ZeroShotSegmenter(Embed, 2, classes, SegmentationWindows.Whole(4), temperature: 10,
            refinement: refinement, keys: (pixels, side) => Vectors.Of(Enumerable.Range(0, pixels.Length / (side * side * 3) * 4)
                .Select(_ => (float[])[1, 0]))).Segment(Images.Plain(4, 4, 9, 9, 9)).Labels;
        Assert.AreEqual(1, Labels(null)[15]);
        // The last patch's 0.55 for b is under 0.6, so that b is not looked for.
        Assert.AreEqual(0, Labels(new(Denoise: 0.6))[15]);
        Assert.AreEqual(1, Labels(new(Denoise: 0.5))[15]);
        CollectionAssert.AreEqual(new int[16], Labels(new(SmoothKeys: 1)));
        Assert.AreEqual(0, Labels(new(SmoothKeys: 0.9))[15]);
        Assert.AreEqual(1, Labels(new(SmoothKeys: 0.5))[15], "0.55 is no less than 0.5");
    }

    [TestMethod]
    public void Values_out_of_their_range_and_a_threshold_are_refused()
    {
        Assert.Contains("is 1.5", Assert.ThrowsExactly<ArgumentException>(() => new SegmentationRefinement(1.5).Check()).Message);
        Assert.Contains("keys smooth is 0", Assert.ThrowsExactly<ArgumentException>(() => new SegmentationRefinement(null, 0).Check()).Message);
        using var model = HeadTest.Model(TestDevices.OneThread);
        var classes = model.Prototypes(ClassList.Of(["a", "b"]), Prompts.NameOnly);
        Assert.Contains("do not add up to 1", Assert.ThrowsExactly<ArgumentException>(() =>
            model.Segmenter(classes, threshold: 0.3, refinement: new(SmoothKeys: 1))).Message);
    }

    [TestMethod, EveryDevice]
    public void Keys_are_the_last_block_s_of_its_normed_input(string device)
    {
        using var model = HeadTest.Model(device);
        const int Images = 3;
        int side = model.Config.ImageSize, width = model.Config.Image.Width;
        float[] pixels = [.. Enumerable.Range(0, Images * side * side * 3).Select(i => (float)Math.Sin(0.37 * i))];
        using var tower = new FrozenTower(model, side, [new(TowerOutput.Block, model.Config.Image.Depth - 2)]);
        var stream = tower.Run(pixels)[0];
        Matrix Of(string name, int rows, int cols)
        {
            var values = model.Parameters.All.Single(p => p.Name == $"img/Transformer/encoderblock_{model.Config.Image.Depth - 1}/{name}");
            var read = model.Device.Download(values.Value.View.SubView(0, values.Count));
            return Matrix.Make(rows, cols, (r, c) => read[r * cols + c]);
        }

        var normed = Naive.LayerNorm(Matrix.Make(stream.Count, width, (r, c) => stream[r, c]), Of("LayerNorm_0/scale", 1, width),
            Of("LayerNorm_0/bias", 1, width), 1e-6);
        var (kernel, bias) = (Of("MultiHeadDotProductAttention_0/key/kernel", width, width), Of("MultiHeadDotProductAttention_0/key/bias", 1, width));
        var expected = Matrix.Make(stream.Count, width, (r, c) => bias[0, c] + Enumerable.Range(0, width).Sum(i => normed[r, i] * kernel[i, c]));
        var lengths = Enumerable.Range(0, stream.Count).Select(r => Math.Sqrt(Enumerable.Range(0, width).Sum(c => expected[r, c] * expected[r, c])))
            .ToArray();
        var keys = model.PatchKeys(pixels, side);
        Close.To([.. Matrix.Make(stream.Count, width, (r, c) => expected[r, c] / lengths[r]).Values], [.. keys.Values.Span], Close.Chained, "keys");
    }
}
