namespace Silc.Tests;

[TestClass]
public sealed class ConfusionMatrixTests
{
    [TestMethod]
    public void Intersections_and_unions_of_a_case_worked_by_hand()
    {
        var confusion = new ConfusionMatrix(4);
        confusion.Add([0, 0, 0, 1, 1, -1], [0, 0, 1, 1, 2, 3]);
        confusion.Add([1, 2, LabelMap.Ignore], [1, 0, 0]);
        // class 0: TP 2, FN 1, FP 1; class 1: TP 2, FN 1, FP 1; class 2: TP 0, FN 1, FP 1; class 3: only on an ignored pixel.
        CollectionAssert.AreEqual(new[] { 0.5, 0.5, 0, double.NaN }, confusion.IntersectionOverUnion());
        Assert.AreEqual(1.0 / 3, confusion.MeanIntersectionOverUnion(), 1e-15);
        CollectionAssert.AreEqual(new[] { 2 / 3.0, 2 / 3.0, 0, double.NaN }, confusion.PerClassAccuracy());
        Assert.AreEqual(4 / 7.0, confusion.Accuracy, 1e-15);
        Assert.AreEqual(7, confusion.Total);
        Assert.AreEqual(1, confusion[1, 2]);
    }

    [TestMethod]
    public void Both_rules_of_averaging_over_classes()
    {
        var confusion = new ConfusionMatrix(4);
        // Class 0: IoU 2/4; class 1: 1/2; class 2 is only predicted; class 3 is nowhere.
        confusion.Add([0, 0, 0, 1, 1], [0, 0, 2, 1, 0]);
        Assert.AreEqual(0.5, confusion.MeanIntersectionOverUnion(inTruthAlone: true), 1e-15);
        Assert.AreEqual(1.0 / 3, confusion.MeanIntersectionOverUnion(inTruthAlone: false), 1e-15);
        Assert.AreEqual(0.5, confusion.MeanIntersectionOverUnion(false, label => label == 1), 1e-15);
        Assert.IsTrue(double.IsNaN(confusion.MeanIntersectionOverUnion(true, label => label > 1)));
        Assert.AreEqual(0.5, confusion.FrequencyWeightedIntersectionOverUnion(), 1e-15);
    }

    [TestMethod]
    public void Labels_that_are_no_class_are_refused_by_their_value()
    {
        var confusion = new ConfusionMatrix(3);
        Assert.Contains("label 7", Assert.ThrowsExactly<ArgumentException>(() => confusion.Add([7], [0])).Message);
        Assert.Contains("prediction -1", Assert.ThrowsExactly<ArgumentException>(() => confusion.Add([0], [-1])).Message);
        Assert.ThrowsExactly<ArgumentException>(() => confusion.Add([0, 1], [0]));
        Assert.IsTrue(double.IsNaN(new ConfusionMatrix(2).MeanIntersectionOverUnion()));
    }

    [TestMethod]
    public void Numpy_counts_the_same()
    {
        var random = new Random(4);
        int[] truth = [.. Enumerable.Range(0, 3000).Select(_ => random.Next(-1, 9))],
            predicted = [.. Enumerable.Range(0, 3000).Select(_ => random.Next(9))];
        var confusion = new ConfusionMatrix(10);       // class 9 never occurs
        confusion.Add(truth, predicted);
        var printed = NumpyPeer.Run(
            $"t, p = np.array([{string.Join(',', truth)}]), np.array([{string.Join(',', predicted)}]); p = p[t >= 0]; t = t[t >= 0]; "
            + "iou = [((t == c) & (p == c)).sum() / ((t == c) | (p == c)).sum() for c in range(9)]; "
            + "print(repr(np.mean(iou)), repr((t == p).mean()))");
        var expected = printed.Split(' ').Select(double.Parse).ToArray();
        Assert.AreEqual(expected[0], confusion.MeanIntersectionOverUnion(), 1e-12);
        Assert.AreEqual(expected[1], confusion.Accuracy, 1e-12);
    }
}
