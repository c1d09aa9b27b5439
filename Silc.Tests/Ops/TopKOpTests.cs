namespace Silc.Tests;

[TestClass]
public sealed class TopKOpTests
{
    [TestMethod, EveryDevice]
    public void TopK(string device) => OpTest.Run(device, t =>
    {
        foreach (var (rows, cols, k) in new[] { (1, 1, 1), (7, 33, 5), (33, 7, 1), (3, 300, 200), (130, 130, 10) })
        {
            // Whole tenths: many scores are equal, and their order must be that of their indices. The first block fills the lists.
            int[][] draws = [t.RandomIntegers(rows * cols, 40), t.RandomIntegers(rows * cols, 41), t.RandomIntegers(rows * cols, 30)];
            int length = Math.Min(k, cols);
            var best = t.Fixed(Matrix.Make(rows, length, (_, _) => double.NegativeInfinity));
            var index = t.Integers([.. Enumerable.Repeat(-1, rows * length)]);
            foreach (var (block, draw) in draws.Index())
                t.Ops.TopK(t.Fixed(Matrix.Make(rows, cols, (r, c) => draw[r * cols + c] / 10f)), best, index, block * cols);
            var expected = Enumerable.Range(0, rows).SelectMany(r => Enumerable.Range(0, 3 * cols)
                .Select(c => (Score: draws[c / cols][r * cols + c % cols] / 10f, Candidate: c))
                .OrderByDescending(entry => entry.Score).Take(length)).ToList();
            t.Check(best, 0, () => Matrix.Make(rows, length, (r, c) => expected[r * length + c].Score));
            float[] indices = [.. t.Ops.Device.Download(index).Select(i => (float)i)];
            t.Check(indices, 0, () => [.. expected.Select(entry => (double)entry.Candidate)], $"candidates of {rows} x {cols}, k {k}");
        }
    });

    [TestMethod, EveryDevice]
    public void Neighbours_are_those_of_a_full_sort(string device)
    {
        var open = TestDevices.Open(device);
        var random = new Random(8);
        // More candidates than a block has; every third is a copy of an earlier one.
        float[,] candidates = Rows(9000, 6), queries = Rows(40, 6);
        for (int i = 3; i < 9000; i += 3)
            for (int c = 0; c < 6; c++) candidates[i, c] = candidates[i / 2, c];
        foreach (var found in new[] { open.FindNeighbours(queries, candidates, 12), Neighbours.Find(queries, candidates, 12) })
            for (int q = 0; q < 40; q++)
            {
                double Score(int i) => Enumerable.Range(0, 6).Sum(c => (double)queries[q, c] * candidates[i, c]);
                for (int j = 0; j < 12; j++) Assert.AreEqual(Score(found.Index[q, j]), found.Score[q, j], 1e-5);
                // Equal bits for equal rows, so copies stand in the order of their indices.
                for (int j = 1; j < 12; j++)
                    Assert.IsTrue(found.Score[q, j] < found.Score[q, j - 1]
                        || (found.Score[q, j] == found.Score[q, j - 1] && found.Index[q, j] > found.Index[q, j - 1]));
                double twelfth = Enumerable.Range(0, 9000).Select(Score).OrderDescending().ElementAt(11);
                Assert.AreEqual(twelfth, found.Score[q, 11], 1e-5);
            }

        float[,] Rows(int count, int width)
        {
            var rows = new float[count, width];
            for (int i = 0; i < count; i++)
                for (int c = 0; c < width; c++) rows[i, c] = random.NextSingle() - 0.5f;
            return rows;
        }
    }

    /// <summary>Vectors carry a NaN on to the scores of its lane, wherever it lies in them.</summary>
    [TestMethod]
    public void A_candidate_of_NaN_hides_no_other()
    {
        const int Count = 128, Best = 77;
        var device = TestDevices.Open(TestDevices.OneThread);
        for (int at = 0; at < Count; at++)
        {
            if (at == Best) continue;
            var candidates = new float[Count, 1];
            for (int i = 0; i < Count; i++) candidates[i, 0] = i == at ? float.NaN : i == Best ? 10 : 1;
            Assert.AreEqual(Best, device.FindNeighbours(new float[,] { { 1 } }, candidates, 1).Index[0, 0], $"NaN at {at}");
        }
    }

    [TestMethod]
    public void Impossible_searches_are_refused()
    {
        var device = TestDevices.Open(TestDevices.OneThread);
        Assert.Contains("k is 3", Assert.ThrowsExactly<ArgumentException>(() => device.FindNeighbours(new float[1, 2], new float[2, 2], 3)).Message);
        Assert.ThrowsExactly<ArgumentException>(() => device.FindNeighbours(new float[1, 3], new float[2, 2], 1));
        Assert.Contains("query 0", Assert.ThrowsExactly<InvalidDataException>(
            () => device.FindNeighbours(new float[,] { { float.NaN } }, new float[,] { { 1 }, { 2 } }, 1)).Message);
        Assert.AreEqual(0, device.FindNeighbours(new float[0, 2], new float[2, 2], 1).Count);
        // On the host NaN is the lowest.
        CollectionAssert.AreEqual(new[] { 2, 1, 0 },
            Neighbours.Find(new float[,] { { 1 } }, new float[,] { { float.NaN }, { 2 }, { 3 } }, 3).Index.Cast<int>().ToArray());
    }
}
