using Silc.Samples.Heads;

namespace Silc.Tests;

/// <summary>What a report shows first.</summary>
[TestClass]
public sealed class WorstFirstTests
{
    [TestMethod]
    public void The_lowest_come_first_and_of_equal_ones_the_earlier()
    {
        var kept = new WorstFirst<int>(3);
        double[] scores = [0.5, 0.2, 0.9, 0.2, 0.1, 0.5, 0.2];
        foreach (var (i, score) in scores.Index()) kept.Add(score, i);
        CollectionAssert.AreEqual(new[] { 4, 1, 3 }, kept.Worst.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2 }, kept.First.ToArray());
        var few = new WorstFirst<int>(3);
        few.Add(double.PositiveInfinity, 7);
        few.Add(1, 8);
        CollectionAssert.AreEqual(new[] { 8, 7 }, few.Worst.ToArray());
    }
}
