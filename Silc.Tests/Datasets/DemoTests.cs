namespace Silc.Tests;

[TestClass]
public sealed class DemoTests
{
    [TestMethod]
    public void APairIsAFunctionOfSeedAndIndex()
    {
        var (a, b) = (new DemoSource(1000, seed: 7, size: 48), new DemoSource(500, seed: 7, size: 48));
        var alone = Enumerable.Range(0, 64).Select(a.Read).ToArray();
        var together = new ImageTextPair[64];
        Parallel.For(0, 64, i => together[63 - i] = b.Read(63 - i));
        for (var i = 0; i < 64; i++)
        {
            CollectionAssert.AreEqual(alone[i].Image.Rgba, together[i].Image.Rgba);
            CollectionAssert.AreEqual(alone[i].Captions.ToArray(), together[i].Captions.ToArray());
        }
        CollectionAssert.AreNotEqual(alone[0].Image.Rgba, new DemoSource(1, seed: 8, size: 48).Read(0).Image.Rgba);
    }

    [TestMethod]
    public void CaptionsFitAndAreSeveral()
    {
        var source = new DemoSource(2000, seed: 1, size: 16);
        for (var i = 0; i < source.Count; i++)
        {
            var captions = DemoCaptions.Of(source.Scene(i));
            Assert.IsTrue(captions.Count >= 2, string.Join(" | ", captions));
            foreach (var caption in captions)
                Assert.IsTrue(caption.Length <= DemoCaptions.MaxBytes && caption.All(char.IsAscii), caption);
        }
    }

    [TestMethod]
    public void CaptionsTellRelations()
    {
        DemoObject At(DemoColour colour, double x, double y) => new(DemoShape.Star, colour, DemoTexture.Plain, false, x, y, 0.1);
        DemoObject[] stars = [At(DemoColour.Red, 0.2, 0.5), At(DemoColour.Orange, 0.8, 0.6)];
        var scene = new DemoScene(32, new(DemoGround.Plain, DemoColour.White, 0), stars);
        CollectionAssert.Contains(DemoCaptions.Of(scene).ToArray(), "a red star left of an orange star");
        CollectionAssert.Contains(DemoCaptions.Of(scene).ToArray(), "an orange star right of a red star");
        Assert.AreEqual(("above", "below"), DemoCaptions.Relation(At(DemoColour.Red, 0.5, 0.2), At(DemoColour.Blue, 0.6, 0.8)));
        Assert.AreEqual(("around", "inside"), DemoCaptions.Relation(At(DemoColour.Red, 0.5, 0.5), At(DemoColour.Blue, 0.5, 0.5)));
    }

    /// <summary>Each pair of sentences is one that the scene's captions hold and one of the same words but for the relation.</summary>
    [TestMethod]
    public void Relations_are_true_or_turned_around()
    {
        var relations = new DemoRelations(300, seed: 3, size: 64, DemoLevel.Hard);
        Assert.IsGreaterThan(50, relations.Count);
        var source = new DemoSource(300, seed: 3, size: 64);
        var captions = Enumerable.Range(0, 300).Where(i => source.Scene(i).Objects.Count == 2).SelectMany(i => DemoCaptions.Of(source.Scene(i)))
            .ToHashSet();
        var (there, back) = relations.Sentences;
        (string, string)[] opposites = [("left", "right"), ("above", "below"), ("around", "inside")];
        var turned = opposites.Concat(opposites.Select(pair => (pair.Item2, pair.Item1))).ToDictionary(pair => pair.Item1, pair => pair.Item2);
        foreach (var (right, wrong) in there.Zip(back))
        {
            Assert.AreEqual(wrong, string.Join(' ', right.Split(' ').Select(word => turned.GetValueOrDefault(word, word))));
            Assert.AreNotEqual(right, wrong);
            if (right.Length <= DemoCaptions.MaxBytes) CollectionAssert.Contains(captions.ToArray(), right);
        }
        Assert.AreEqual(relations.Count, relations.Images.Count());
        // Neither word of two is right more often.
        foreach (var (one, other) in new[] { ("left of", "right of"), ("above", "below"), ("around", "inside") })
            Assert.IsLessThan(0.3 * relations.Count, Math.Abs(there.Count(text => text.Contains(one)) - there.Count(text => text.Contains(other))));
        Assert.AreEqual(0, new DemoRelations(100, 3, 64, DemoLevel.Plain).Count);
    }

    [TestMethod]
    public void MasksCoverWhatIsPainted()
    {
        var item = new DemoObject(DemoShape.Square, DemoColour.Red, DemoTexture.Plain, true, 0.5, 0.5, 0.25);
        var scene = new DemoScene(40, new(DemoGround.Plain, DemoColour.Blue, 0), [item]);
        var (mask, image) = (scene.Mask(), scene.Draw());
        Assert.AreEqual(18 * 18, mask.Count(label => label == 1), "0.9 of the radius of 10 pixels, both ways");
        for (var i = 0; i < mask.Length; i++) Assert.AreEqual(mask[i] == 1, image.Rgba[4 * i] == 220, $"pixel {i}");
        Assert.AreEqual(1 + (int)DemoShape.Square, scene.ShapeMask().Max());
    }

    [TestMethod]
    public void ObjectsStayInsideAndApart()
    {
        var source = new DemoSource(500, seed: 3, size: 64);
        for (var i = 0; i < source.Count; i++)
        {
            var (scene, mask) = (source.Scene(i), source.Scene(i).Mask());
            for (var item = 0; item < scene.Objects.Count; item++)
            {
                var alone = (scene with { Objects = [scene.Objects[item]] }).Mask();
                var (whole, seen) = (alone.Count(label => label == 1), mask.Count(label => label == item + 1));
                Assert.AreEqual(whole, seen, $"scene {i}: object {item} is covered");
            }
            var border = Enumerable.Range(0, 64).Max(x => mask[x] + mask[63 * 64 + x] + mask[64 * x] + mask[64 * x + 63]);
            Assert.AreEqual(0, border, $"scene {i} touches the edge");
        }
    }

    // At the plain level, every image has one object, whole, of one colour, and captions of a few true words.
    [TestMethod]
    public void ThePlainLevelHasOneObjectAnImage()
    {
        var source = new DemoSource(500, seed: 3, size: 64, DemoLevel.Plain);
        for (var i = 0; i < source.Count; i++)
        {
            var (scene, mask) = (source.Scene(i), source.Scene(i).Mask());
            var item = scene.Objects.Single();
            Assert.AreEqual((DemoTexture.Plain, true), (item.Texture, item.Large));
            Assert.AreNotEqual(item.Colour, scene.Background.Colour);
            Assert.AreEqual(0, Enumerable.Range(0, 64).Max(x => mask[x] + mask[63 * 64 + x] + mask[64 * x] + mask[64 * x + 63]), $"scene {i}: edge");
            Assert.IsTrue(mask.Count(label => label == 1) > 0.05 * 64 * 64, $"scene {i} is small");
            Assert.IsTrue(source.Read(i).Captions.Count >= 4 && source.Read(i).Captions.All(caption => caption.Contains(item.Name)));
        }
    }

    [TestMethod]
    public void LevelsGoByTheirNames()
    {
        Assert.AreEqual(DemoLevel.Plain, Samples.Data.DemoSet.LevelOf("demo"));
        Assert.AreEqual(DemoLevel.Hard, Samples.Data.DemoSet.LevelOf("demo:hard"));
        Assert.IsNull(Samples.Data.DemoSet.LevelOf("demos"));
        Assert.Contains("demo:hard", Assert.ThrowsExactly<ArgumentException>(() => Samples.Data.DemoSet.LevelOf("demo:easy")).Message);
        // A run does not go on with other drawings.
        var (plain, hard) = (new DemoSource(9, seed: 0, size: 16, DemoLevel.Plain), new DemoSource(9, seed: 0, size: 16));
        DataState.Of(plain).Require(plain, "run");
        Assert.Contains("other images", Assert.ThrowsExactly<ArgumentException>(() => DataState.Of(hard).Require(plain, "run")).Message);
    }

    // The test is fair: whoever sees one pixel, knows where it is and what each colour there meant for 8,000 images, cannot tell the shape of others.
    [TestMethod]
    public void NoSinglePixelTellsTheShape()
    {
        const int Size = 16, Known = 8000, Asked = 2000, Tones = 5;
        var kinds = DemoClasses.Of(DemoLevel.Plain).Shapes.Count;
        var source = new DemoSource(Known + Asked, seed: 5, Size, DemoLevel.Plain);
        var (images, shapes) = (new byte[source.Count][], new int[source.Count]);
        Parallel.For(0, source.Count, i => (images[i], shapes[i]) = (source.Read(i).Image.Rgba, (int)source.Scene(i).Objects[0].Shape));
        double best = 0;
        for (var pixel = 0; pixel < Size * Size; pixel++)
        {
            int Tone(int i) => Enumerable.Range(0, 3).Aggregate(0, (tone, c) => tone * Tones + images[i][4 * pixel + c] * Tones / 256);
            var seen = new int[Tones * Tones * Tones, kinds];
            for (var i = 0; i < Known; i++) seen[Tone(i), shapes[i]]++;
            int Guess(int tone) => Enumerable.Range(0, kinds).MaxBy(shape => seen[tone, shape]);
            best = Math.Max(best, Enumerable.Range(Known, Asked).Average(i => Guess(Tone(i)) == shapes[i] ? 1.0 : 0.0));
        }
        Console.WriteLine($"the best pixel: {best:P1}, chance {1.0 / kinds:P1}");
        Assert.IsTrue(best < 2.5 / kinds, $"the best pixel tells {best:P1} of shapes, chance is {1.0 / kinds:P1}");
    }

    [TestMethod]
    [DataRow(DemoLevel.Plain, 8), DataRow(DemoLevel.Hard, 12)]
    public void EvaluationCoversEveryClass(DemoLevel level, int shapes)
    {
        var evaluation = DemoSource.Evaluation(perClass: 2, size: 32, level: level);
        Assert.AreEqual(9 * shapes, evaluation.ClassNames.Count);
        Assert.AreEqual(2 * 9 * shapes, evaluation.Count);
        for (var i = 0; i < evaluation.Count; i++)
            Assert.AreEqual(evaluation.ClassNames[evaluation.Label(i)], evaluation.Scene(i).Objects.Single().Name);
        var labels = evaluation.Classes.Of;
        var colourOnly = labels.Select(label => label / shapes * shapes).ToArray();
        var (whole, colour, shape) = evaluation.Kinds.Accuracy(colourOnly, labels);
        Assert.AreEqual(1.0 / shapes, whole, 1e-9);
        Assert.AreEqual(1.0, colour);
        Assert.AreEqual(1.0 / shapes, shape, 1e-9);
    }
}
