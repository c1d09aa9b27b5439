namespace Silc.Tests;

[TestClass]
public sealed class EpochOrderTests
{
    [TestMethod]
    public void WithoutShardsTheOrderIsThatOfFisherAndYates()
    {
        var (none, one) = (new EpochOrder(23, 4, 5), new EpochOrder(23, 4, 5, [23]));
        for (int step = 0; step < 15; step++)
        {
            var random = DataStreams.Order(5, step / 5);
            int[] expected = [.. Enumerable.Range(0, 23)];
            for (int left = 23; left > 1; left--)
            {
                int pick = random.NextInt(left);
                (expected[left - 1], expected[pick]) = (expected[pick], expected[left - 1]);
            }
            CollectionAssert.AreEqual(expected[(step % 5 * 4)..(step % 5 * 4 + 4)], none.Of(step).Samples.ToArray());
            CollectionAssert.AreEqual(none.Of(step).Samples.ToArray(), one.Of(step).Samples.ToArray());
        }
    }

    [TestMethod]
    public void ShardsAreShuffledAndMixedByTwo()
    {
        int[] lengths = [10, 0, 30, 7, 13, 20, 20];
        var shardOf = lengths.SelectMany((length, shard) => Enumerable.Repeat(shard, length)).ToArray();
        var order = new EpochOrder(100, 1, 7, lengths);
        var epochs = Enumerable.Range(0, 4)
            .Select(epoch => Enumerable.Range(0, 100).Select(i => order.Of(epoch * 100 + i).Samples[0]).ToArray()).ToArray();
        foreach (var epoch in epochs)
        {
            CollectionAssert.AreEquivalent(Enumerable.Range(0, 100).ToArray(), epoch);
            // With memory for two shards, each is loaded once.
            var (kept, loads) = (new List<int>(), 0);
            foreach (var shard in epoch.Select(sample => shardOf[sample]))
            {
                if (!kept.Contains(shard)) loads++;
                kept.Remove(shard);
                kept.Add(shard);
                if (kept.Count > EpochOrder.Window) kept.RemoveAt(0);
            }
            Assert.AreEqual(6, loads);
        }
        CollectionAssert.AreNotEqual(epochs[0], epochs[1]);
        Assert.IsGreaterThan(50, epochs[0].Zip(epochs[0].Skip(1)).Count(pair => pair.Second != pair.First + 1));
    }

    [TestMethod]
    public void LengthsMustSumUp() => Assert.ThrowsExactly<ArgumentException>(() => new EpochOrder(10, 1, 0, [4, 5]));

    [TestMethod]
    public void CacheAndSubsetPassShardsOn()
    {
        var source = new InShards([4, 0, 3, 5]);
        CollectionAssert.AreEqual(new[] { 4, 0, 3, 5 }, new CachedSource(source, 0).Shards!.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 1, 2 }, new SubsetSource(source, [0, 3, 4, 7, 11]).Shards!.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 1 }, new SubsetSource(source, [11, 7, 0]).Shards!.ToArray());
        Assert.IsNull(new SubsetSource(source, [0, 11, 1]).Shards);
        Assert.IsNull(new SubsetSource(new FakeSource(3), [0, 1]).Shards);
    }

    sealed class InShards(int[] lengths) : IImageTextSource
    {
        public string Name => "in shards";
        public int Count => lengths.Sum();
        public IReadOnlyList<int> Shards => lengths;
        public ImageTextPair Read(int index) => throw new NotSupportedException();
    }
}
