using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>CAT-Seg as a head on a frozen tower. Threads: as for <see cref="SegmentationHead"/>.</summary>
sealed class CatSegHead : SegmentationHead
{
    readonly CatSegConfig sizes;
    readonly RowMaps maps;
    readonly CatSegNetwork network;
    readonly List<Asked> asked = [];

    public CatSegHead(SilcModel model, HeadDescription description) : base(model, description)
    {
        sizes = description.CatSeg ?? throw new InvalidDataException("the head says nothing of CAT-Seg's sizes");
        var skips = sizes.SkipsOf(model.Config.Image.Depth);
        Reads = [TowerFeature.Aligned, .. skips.Select(block => new TowerFeature(TowerOutput.Block, block))];
        foreach (var feature in Reads) feature.Check(model.Config);
        maps = new(model.Device);
        network = new(Parameters, maps, sizes, description.EmbedDim, description.Width);
        RequireGrid(Grid, sizes.Pool);
    }

    internal override IReadOnlyList<TowerFeature> Reads { get; }

    internal override int PromptsOfClass => sizes.Prompts;

    internal override int Places => Description.Resolution * Description.Resolution;

    int Grid => Description.Resolution / Model.Config.PatchSize;

    /// <summary>The label of the pixel nearest to the centre of each place.</summary>
    internal override int[] LabelsOf(LabelMap map)
    {
        int side = Description.Resolution;
        var labels = new int[side * side];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = map.Labels[(int)((i / side + 0.5) * map.Height / side) * map.Width + (int)((i % side + 0.5) * map.Width / side)];
        return labels;
    }

    internal override void RequireTraining(HeadTrainConfig train, int classes)
    {
        Require.That(train.Loss == HeadLoss.Binary, "CAT-Seg has one map a class, and is trained with the binary loss");
        int most = train.ClassesAStep == 0 ? classes : Math.Min(classes, train.ClassesAStep);
        Require.That(sizes.Pad == 0 || most <= sizes.Pad, $"{most} classes a step are more than the {sizes.Pad} that CAT-Seg pads to: take fewer "
            + "(ClassesAStep), or a head without padding");
    }

    internal override void Step(Pass pass, HeadBatch batch, HeadTrainConfig train, Tensor loss)
    {
        var ops = pass.Ops;
        using var _ = pass.Frame();
        int classes = batch.Texts.Rows / sizes.Prompts, side = Description.Resolution, fine = Grid * CatSegNetwork.Finer;
        var shape = new MapShape(batch.Images, classes, Grid, Grid);
        var texts = pass.Saved(batch.Images * batch.Texts.Rows, batch.Texts.Cols);
        for (int image = 0; image < batch.Images; image++) ops.Copy(batch.Texts, texts.Slice(image * batch.Texts.Rows, batch.Texts.Rows));
        var dTexts = batch.TextGradient.Count > 0 ? pass.Saved(texts.Rows, texts.Cols) : default;
        var (logits, back) = network.Forward(pass, batch.Features[0], texts, batch.Features[1..], shape, sizes.Pool, batch.Gradients, dTexts);
        var (large, rowLoss) = (pass.Saved(logits.Rows, side * side), pass.Saved(logits.Rows, 1));
        ops.Bilinear(Column(logits), Column(large), fine, fine, side, side, corners: false);
        float places = Math.Max(1, train.IgnoredAreNegative ? batch.Images * Places : batch.Counted);
        ops.BinaryCrossEntropy(large, batch.Labels, classes, rowLoss, 1 / (places * classes), train.IgnoredAreNegative);
        ops.AddSum(rowLoss, loss, 0);
        var dLogits = pass.Scratch(logits.Rows, logits.Cols);
        ops.BilinearBackward(Column(large), Column(dLogits), fine, fine, side, side, corners: false);
        back.Invoke(dLogits);
        if (dTexts.Count == 0) return;
        ops.Fill(batch.TextGradient, 0);
        ops.SumRows(dTexts, batch.TextGradient);
    }

    static Tensor Column(Tensor x) => x.Reshape(x.Count, 1);

    /// <inheritdoc/>
    public override ZeroShotSegmenter Segmenter(ClassPrototypes classes, SegmentationWindows? windows = null, double? threshold = null)
    {
        RequireOwn(classes);
        windows ??= SegmentationWindows.Whole(Description.Resolution);
        windows.Check(Model.Config.PatchSize);
        int grid = windows.Side / Model.Config.PatchSize;
        RequireGrid(grid, 1);
        int[] of = sizes.Prompts == 1 ? [.. classes.ClassOf] : [.. classes.ClassOf.Distinct()];
        var texts = sizes.Prompts == 1 ? classes.Rows : HeadTexts.Of(this, ClassList.Of(of.Select(label => classes.Names[label])));
        Asked one;
        using (Model.Exclusive())
        {
            one = new(this, texts, windows.Side);
            asked.Add(one);
        }
        return new(one.Probabilities, grid * CatSegNetwork.Finer, rows => Best(rows, of, classes.Count), classes.Count, windows, threshold,
            Model.Config.Images);
    }

    // The highest of each class's names; a class without any is never predicted.
    static Vectors Best(Vectors rows, int[] of, int classes)
    {
        if (of.Length == classes && of.Index().All(entry => entry.Item == entry.Index)) return rows;
        var best = new Vectors(rows.Count, classes);
        Parallel.For(0, rows.Count, i =>
        {
            var to = best.Row(i);
            to.Fill(float.NegativeInfinity);
            for (int r = 0; r < of.Length; r++) to[of[r]] = Math.Max(to[of[r]], rows[i, r]);
        });
        return best;
    }

    void RequireGrid(int grid, int pool)
    {
        int window = Math.Min(sizes.Window, grid);
        Require.That(grid % window == 0, $"a grid of {grid} x {grid} patches is no whole number of CAT-Seg's windows of {sizes.Window}: choose an "
            + $"image size of a multiple of {sizes.Window * Model.Config.PatchSize} pixels, or another window");
        Require.That(grid % pool == 0, $"a grid of {grid} x {grid} patches cannot be pooled by {pool}");
    }

    protected override void Dispose(bool disposing)
    {
        using var exclusive = Model.Device.ExclusiveForRelease();
        foreach (var one in asked) one.Dispose();
        asked.Clear();
        maps?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Classes that a segmenter asks for, an image at a time, and the memory for that.</summary>
    sealed class Asked : IDisposable
    {
        readonly CatSegHead head;
        readonly MemoryBuffer1D<float, Stride1D.Dense> texts;
        readonly MemoryBuffer1D<int, Stride1D.Dense>? chosen;
        readonly FrozenTower tower;
        readonly int classes, prompts, grid, width;
        // Of each image, where there are more classes than the head keeps.
        readonly List<int[]> kept = [];

        public Asked(CatSegHead head, Vectors words, int side)
        {
            (this.head, prompts, width, grid) = (head, head.sizes.Prompts, words.Width, side / head.Model.Config.PatchSize);
            classes = words.Count / prompts;
            var device = head.Model.Device;
            texts = device.Allocate(words.Values.Length, "class names");
            try
            {
                device.Upload(words.Values.Span, texts.View.AsContiguous());
                if (KeepsSome) chosen = device.Allocate<int>(head.sizes.Pad * prompts, "the best classes");
                tower = new(head.Model, side, head.Reads, Logits, most: 1, image: head.Tuned?.Image);
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        bool KeepsSome => head.sizes.Pad > 0 && classes > head.sizes.Pad;

        Tensor Texts => new(texts.View.AsContiguous(), classes * prompts, width);

        Tensor[] Logits(Pass pass, Tensor[] features, int images)
        {
            var words = KeepsSome ? Chosen(pass, features[0]) : Texts;
            return [head.network.Forward(pass, features[0], words, features[1..], new(1, words.Rows / prompts, grid, grid), pool: 1).Logits];
        }

        // The classes that any place of the image is closest to.
        Tensor Chosen(Pass pass, Tensor aligned)
        {
            int keep = head.sizes.Pad;
            var words = pass.Saved(keep * prompts, width);
            var cost = head.network.Cost(pass, aligned, Texts, new(1, classes, grid, grid));
            var cosines = head.Model.Device.Download(cost.View.SubView(0, cost.View.IsValid ? cost.Count : 0));
            if (cosines.Length > 0)
            {
                int each = cosines.Length / classes;
                int[] best = [.. Enumerable.Range(0, classes).OrderByDescending(name => Highest(cosines.AsSpan(name * each, each))).Take(keep)
                    .Order()];
                kept.Add(best);
                int[] rows = [.. best.SelectMany(name => Enumerable.Range(name * prompts, prompts))];
                head.Model.Device.Upload<int>(rows, chosen!.View.AsContiguous());
            }
            pass.Ops.Embed(chosen!.View.AsContiguous(), Texts, words);
            return words;

            static float Highest(ReadOnlySpan<float> values)
            {
                float most = values[0];
                foreach (var value in values) most = Math.Max(most, value);
                return most;
            }
        }

        /// <summary>
        /// Probabilities of the classes at each place of four times the grid, (N · places, classes); 0 for those that were not kept.
        /// </summary>
        public Vectors Probabilities(float[] pixels, int side)
        {
            using var exclusive = head.Model.Exclusive();
            kept.Clear();
            var logits = tower.Run(pixels)[0];
            int images = pixels.Length / (side * side * 3), places = logits.Width, each = logits.Count / images;
            var all = new Vectors(images * places, classes);
            Parallel.For(0, images * each, row =>
            {
                int image = row / each, label = KeepsSome ? kept[image][row % each] : row % each;
                var from = logits.Row(row);
                for (int place = 0; place < places; place++) all[image * places + place, label] = 1 / (1 + MathF.Exp(-from[place]));
            });
            return all;
        }

        public void Dispose()
        {
            tower?.Dispose();
            head.Model.Device.Free(texts);
            head.Model.Device.Free(chosen);
        }
    }
}
