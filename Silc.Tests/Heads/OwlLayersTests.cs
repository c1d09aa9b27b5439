namespace Silc.Tests;

[TestClass]
public sealed class OwlLayersTests
{
    const int Rows = 18, Places = 9, Width = 8, Embed = 6, Names = 5;

    static readonly (IReadOnlyList<IReadOnlyList<int>>, IReadOnlyList<Box>, IReadOnlySet<int>)[] Things =
    [
        ([[0, 2], [1]], [Box.FromCentre(.3, .3, .2, .4), Box.FromCentre(.7, .6, .4, .3)], new HashSet<int> { 3, 4 }),
        ([], [], new HashSet<int> { 2, 3, 4 }),
    ];

    /// <summary>Outputs, matches, each part of the loss and all gradients against PyTorch in double.</summary>
    [TestMethod, EveryDevice]
    public void Losses_and_gradients_are_PyTorch_s(string device)
    {
        foreach (var aligned in new[] { false, true })
        {
            var golden = HeadTest.Golden(aligned ? "owl_aligned" : "owl");
            var opened = TestDevices.Open(device);
            using var parameters = new Parameters(opened);
            var layers = new OwlLayers(parameters, Width, Embed, 3, new(Heads: 2, Aligned: aligned));
            parameters.Allocate(0, gradients: true);
            HeadTest.Load(parameters, golden);
            using var arena = Arena.Allocate(opened, 1 << 18);
            var (pass, ops) = (new Pass(opened.Ops, arena), opened.Ops);
            using DeviceMatrix tokens = Of(golden["tokens"], Width), patches = Of(golden["aligned"], Embed), queries = Of(golden["queries"], Embed);
            using var frame = pass.Frame();
            var (found, back) = layers.Forward(pass, tokens, patches, batch: 2);
            Tensor cosines = pass.Saved(Rows, Names), logits = pass.Saved(Rows, Names);
            ops.CosineSimilarity(found.Embedding, queries, cosines);
            ops.ShiftScaleRows(cosines, found.Shift, found.Scale, logits);
            float[] said = Read(logits), raw = Read(found.Boxes);
            Close.To(golden["logits"], said, Close.Reordered, "logits");
            Close.To(golden["boxes"], [.. raw.Select(x => (float)(1 / (1 + Math.Exp(-x))))], Close.Reordered, "boxes");
            Close.To(golden["objectness"], Read(found.Objectness), Close.Reordered, "objectness");

            var goals = DetectionTargets.Of(said, raw, Things, Places, Names);
            float[] rows = golden["rows"];
            CollectionAssert.AreEquivalent(rows.Take(2).Select(row => (int)row).ToArray(),
                goals.BoxWeights.Index().Where(weight => weight.Item > 0).Select(weight => weight.Index).ToArray());
            Assert.AreEqual(1, goals.Names[(int)rows[0] * Names + 2]);
            using var targets = new DeviceIntegers(opened, goals.Names);
            using DeviceMatrix weights = Of(goals.Weights, 1), boxes = Of(goals.Boxes, 4), boxWeights = Of(goals.BoxWeights, 1),
                things = Of(goals.Things, 1);
            var parts = Enumerable.Range(0, 4).Select(_ => pass.Saved(Rows, 1)).ToArray();
            ops.FocalLoss(logits, targets.View, weights, parts[0], DetectionConfig.Alpha);
            ops.BoxLoss(found.Boxes, boxes, boxWeights, parts[1], parts[2]);
            ops.SigmoidCrossEntropy(found.Objectness, things, parts[3], 1f / Rows);
            Close.To(golden["parts"], [.. parts.Select(part => Read(part).Sum())], Close.Chained, "losses");
            Tensor dShift = pass.Scratch(Rows, 1), dScale = pass.Scratch(Rows, 1), dUnit = pass.Scratch(Rows, Embed);
            ops.ShiftScaleRowsBackward(logits, cosines, found.Shift, found.Scale, dShift, dScale);
            ops.MatMul(logits, queries, dUnit);
            back(new(dUnit, dShift, dScale, found.Boxes, found.Objectness));
            HeadTest.CheckGradients(parameters, golden, Close.LargeExponents);

            float[] Read(Tensor x) => opened.Download(x.View.SubView(0, x.Count));

            DeviceMatrix Of(float[] values, int cols) =>
                new(opened, new Matrix(values.Length / cols, cols).With([.. values.Select(v => (double)v)]), cols);
        }
    }

    [TestMethod]
    public void The_order_of_things_decides_nothing_and_an_image_without_any_has_negatives_alone()
    {
        var random = new Random(4);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 4 - 2)];
        float[] logits = Draw(Rows * Names), boxes = Draw(Rows * 4);
        var one = DetectionTargets.Of(logits, boxes, Things, Places, Names);
        var (names, truth, unasked) = Things[0];
        var other = DetectionTargets.Of(logits, boxes, [([names[1], names[0]], [truth[1], truth[0]], unasked), Things[1]], Places, Names);
        CollectionAssert.AreEqual(one.Names, other.Names);
        CollectionAssert.AreEqual(one.Boxes, other.Boxes);
        Assert.IsTrue(one.Names.Skip(Places * Names).Index().All(target => target.Item == (target.Index % Names < 2 ? 0 : -1)));
        Assert.IsTrue(one.BoxWeights.Skip(Places).All(weight => weight == 0));
        // Weights of names: 1 / (3 labels · 2 images), and 1 / (1 · 2) without a label; of boxes 1 / (2 things · 2 images).
        Assert.AreEqual((1 / 6f, 0.5f, 0.25f), (one.Weights[0], one.Weights[Places], one.BoxWeights.Max()));
        // A name that nobody asks about changes nothing of the others.
        float[] wider = [.. logits.Chunk(Names).SelectMany(row => (float[])[.. row, 9])];
        var padded = DetectionTargets.Of(wider, boxes, [.. Things.Select(image => (image.Item1, image.Item2,
            (IReadOnlySet<int>)new HashSet<int>(image.Item3) { Names }))], Places, Names + 1);
        CollectionAssert.AreEqual(one.Boxes, padded.Boxes);
        CollectionAssert.AreEqual(one.Things, padded.Things);
    }

    [TestMethod]
    public void The_match_costs_least_of_all_there_are()
    {
        var random = new Random(5);
        for (int trial = 0; trial < 40; trial++)
        {
            float[] logits = [.. Enumerable.Range(0, 5 * 3).Select(_ => random.NextSingle() * 6 - 3)];
            Box Draw() => Box.FromCentre(random.NextDouble(), random.NextDouble(), random.NextDouble() * 0.5, random.NextDouble() * 0.5);
            Box[] boxes = [.. Enumerable.Range(0, 5).Select(_ => Draw())], truth = [Draw(), Draw()];
            int[][] names = [[trial % 3], [0, 2]];
            double Cost(int token, int thing)
            {
                double cost = 0;
                foreach (int name in names[thing])
                {
                    double p = 1 / (1 + Math.Exp(-logits[token * 3 + name]));
                    cost += -0.3 * (1 - p) * (1 - p) * Math.Log(p) + 0.7 * p * p * Math.Log(1 - p);
                }
                var (a, b) = (boxes[token], truth[thing]);
                return cost + Math.Abs(a.X + a.Width / 2 - b.X - b.Width / 2) + Math.Abs(a.Y + a.Height / 2 - b.Y - b.Height / 2)
                    + Math.Abs(a.Width - b.Width) + Math.Abs(a.Height - b.Height) - a.Giou(b);
            }

            var found = DetectionMatcher.Match(logits, boxes, names, truth, 0.3);
            double best = Enumerable.Range(0, 25).Where(i => i / 5 != i % 5).Min(i => Cost(i / 5, 0) + Cost(i % 5, 1));
            Assert.AreEqual(best, Cost(found[0], 0) + Cost(found[1], 1), 1e-6);
        }
    }
}
