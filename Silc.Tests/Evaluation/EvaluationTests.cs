namespace Silc.Tests;

[TestClass]
public sealed class EvaluationTests
{
    [TestMethod]
    public void RowsGetLengthOne()
    {
        var unit = Vectors.Of([3, 4], [0, -2], [0, 0]).Normalize();
        Near([0.6, 0.8, 0, -1, 0, 0], unit);
        Near([11, 2], Vectors.Of([1, 2]).Similarities(Vectors.Of([3, 4], [2, 0])));
    }

    [TestMethod]
    public void RowsOfLengthOneAreNotCopied()
    {
        var rows = new Vectors(50, 768);
        var random = new Philox(1);
        for (var i = 0; i < 50 * 768; i++) rows[i / 768, i % 768] = (float)random.Normal();
        var unit = rows.Unit();
        Near([.. rows.Normalize().Values.ToArray().Select(value => (double)value)], unit);
        Assert.AreSame(unit, unit.Unit());
        for (var c = 0; c < 768; c++) unit[49, c] *= 1 + 1e-5f;
        Assert.AreNotSame(unit, unit.Unit());
        unit[3, 0] = float.NaN;
        Assert.AreNotSame(unit, unit.Unit());
    }

    [TestMethod]
    public void WideRowsMatchTheScalarSum()
    {
        var random = new Philox(1);
        var (a, b) = (new Vectors(2, 77), new Vectors(3, 77));
        foreach (var rows in new[] { a, b })
            for (var i = 0; i < rows.Count * 77; i++) rows[i / 77, i % 77] = (float)random.Normal();
        var dots = a.Similarities(b);
        for (var i = 0; i < 2; i++)
            for (var j = 0; j < 3; j++)
                Assert.AreEqual(Enumerable.Range(0, 77).Sum(c => (double)a[i, c] * b[j, c]), dots[i, j], 1e-5);
    }

    [TestMethod]
    public void PrototypesAverageDirectionsNotLengths()
    {
        // class 0: (1, 0) and (0, 1), whatever their lengths; class 1: (0.6, 0.8) and (-0.6, 0.8)
        var classes = ZeroShot.Prototypes(new float[,] { { 10, 0 }, { 0, 0.1f }, { 3, 4 }, { -3, 4 } }, 2);
        Near([Math.Sqrt(0.5), Math.Sqrt(0.5), 0, 1], classes);
        Assert.ThrowsExactly<ArgumentException>(() => ZeroShot.Prototypes(new float[3, 2], 2));
    }

    [TestMethod]
    public void PrototypesFromNames()
    {
        var seen = new List<string>();
        var classes = ZeroShot.Prototypes(["Kiss: woman, man", "hot_dog"], texts =>
        {
            seen.AddRange(texts);
            return new float[,] { { 1, 0 }, { 1, 0 }, { 0, 1 }, { 0, 1 } };
        }, ["a photo of a {}.", "{}!"]);
        CollectionAssert.AreEqual(new[] { "a photo of a kiss woman man", "kiss woman man", "a photo of a hot dog", "hot dog" }, seen);
        Near([1, 0, 0, 1], classes);
    }

    static readonly float[,] classes = { { 1, 0 }, { 0, 1 }, { -1, 0 } };

    // cosines 0.8 0.6 -0.8; 0.6 0.8 -0.6; -1 0 1; √½ √½ -√½
    static readonly float[,] images = { { 4, 3 }, { 3, 4 }, { -2, 0 }, { 1, 1 } };

    [TestMethod]
    public void TheClosestClassesComeFirst()
    {
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 0 }, ZeroShot.Predict(images, classes));   // a tie goes to the first class
        var top = ZeroShot.TopK(images, classes, 2);
        CollectionAssert.AreEqual(new[] { 0, 1, 1, 0, 2, 1, 0, 1 }, top.SelectMany(best => best).ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => ZeroShot.TopK(images, classes, 4));
    }

    [TestMethod]
    public void AccuracyCountsHits()
    {
        int[] labels = [0, 0, 2, 1];
        Assert.AreEqual(0.5, ZeroShot.Accuracy(images, classes, labels), 1e-6);
        Assert.AreEqual(1, ZeroShot.Accuracy(images, classes, labels, 2), 1e-6);
        CollectionAssert.AreEqual(new[] { 0.5, 0, 1 }, ZeroShot.PerClassAccuracy(images, classes, labels));
        Assert.IsTrue(double.IsNaN(ZeroShot.PerClassAccuracy(images, classes, [0, 0, 1, 1])[2]));
        Assert.ThrowsExactly<ArgumentException>(() => ZeroShot.Accuracy(images, classes, [0, 0, 2, 3]));
    }

    [TestMethod]
    public void LabelsComeWithScores()
    {
        var found = ZeroShot.Classify(images, classes, ["cat", "dog", "bus"]);
        Assert.AreEqual("cat", found[0].Label);
        Assert.AreEqual(0.8f, found[0].Score, 1e-6f);
        Assert.AreEqual("bus", found[2].Label);
        var probability = ZeroShot.Classify(images, classes, ["cat", "dog", "bus"], temperature: 10)[0].Score;
        Assert.AreEqual(1 / (1 + Math.Exp(-2) + Math.Exp(-16)), probability, 1e-6);
    }

    [TestMethod]
    public void RecallCountsAnyCaptionOfTheImage()
    {
        // Scores by angle: image 0 at 0°, image 1 at 90°; captions at 80°, 10° (both of image 0), 60°, 20° (of image 1).
        var (images, captions, owners) = (Angles(0, 90), Angles(80, 10, 60, 20), new[] { 0, 0, 1, 1 });
        // Image 0 ranks 10° first: hit. Image 1 ranks 80° first, then its 60°: a hit from 2 on.
        Assert.AreEqual(new Recall(0.5, 1, 1), Retrieval.ImageToText(images, captions, owners));
        // 80° → image 1, wrong; 10° → image 0, right; 60° → image 1, right; 20° → image 0, wrong.
        Assert.AreEqual(new Recall(0.5, 1, 1), Retrieval.TextToImage(images, captions, owners));
    }

    [TestMethod]
    public void RecallAtFiveAndTenSeeThatFar()
    {
        // Caption i is at 2i°; image i at 2i° too, except that images 0, 1, 2 are moved 3, 7 and 12 captions on.
        double[] at = [.. Enumerable.Range(0, 40).Select(i => 2.0 * i)];
        var captions = Angles(at);
        (at[0], at[1], at[2]) = (6.9, 16.9, 28.9);
        // Nearer to 6.9° than 0°: captions at 2 … 12°, 6 of them. To 16.9° than 2°: 4 … 30°, 14. To 28.9° than 4°: 6 … 52°, 24.
        Assert.AreEqual(new Recall(37 / 40.0, 37 / 40.0, 38 / 40.0), Retrieval.ImageToText(Angles(at), captions));
    }

    [TestMethod]
    public void ImagesWithoutCaptionsDoNotCount()
    {
        Assert.AreEqual(new Recall(1, 1, 1), Retrieval.ImageToText(Angles(0, 90, 45), Angles(5, 80), [0, 1]));
        var refusal = Assert.ThrowsExactly<ArgumentException>(() => Retrieval.TextToImage(Angles(0, 90), Angles(5)));
        Assert.Contains("imageOfText", refusal.Message);
    }

    [TestMethod]
    [DataRow("A  Photo_of a [dog's] \"bone\"!\n", "a photo of a dogs bone")]
    [DataRow("_-_", "")]
    [DataRow("Café – 3.5 €", "café – 35 €")]
    public void CanonicalTextHasNoPunctuation(string text, string canonical) =>
        Assert.AreEqual(canonical, Prompts.Canonical(text));

    [TestMethod]
    public void TemplatesNeedAPlaceForTheName() =>
        Assert.ThrowsExactly<ArgumentException>(() => Prompts.ForClasses(["cat"], ["a photo"]));

    static Vectors Angles(params double[] degrees)
    {
        var rows = new float[degrees.Length, 2];
        for (var i = 0; i < degrees.Length; i++)
            (rows[i, 1], rows[i, 0]) = MathF.SinCos((float)(degrees[i] * Math.PI / 180));
        return rows;
    }

    static void Near(double[] expected, Vectors actual)
    {
        Assert.HasCount(expected.Length, actual.Values.ToArray());
        foreach (var (wanted, got) in expected.Zip(actual.Values.ToArray())) Assert.AreEqual(wanted, got, 1e-6);
    }
}
