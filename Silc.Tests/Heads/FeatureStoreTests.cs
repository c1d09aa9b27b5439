namespace Silc.Tests;

/// <summary>Features that are kept between trainings.</summary>
[TestClass]
public sealed class FeatureStoreTests : TempFolder
{
    static readonly TowerFeature[] Reads = [TowerFeature.Tokens, TowerFeature.Aligned];

    const int Side = 32;

    static float[] Pixels(int count) => [.. Enumerable.Range(0, count * Side * Side * 3).Select(i => (float)Math.Sin(0.37 * i))];

    [TestMethod]
    public void Features_are_found_again_whole_and_for_their_tower_alone()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        using var tower = new FrozenTower(model, Side, Reads);
        var expected = tower.Run(Pixels(5));
        void Check(FeatureStore store, float[] pixels, int count, int computed)
        {
            var found = store.Run(pixels);
            foreach (var (f, feature) in found.Index())
                Close.Bits([.. expected[f].Values.Span[..(count * feature.Values.Length / count)]], [.. feature.Values.Span], $"feature {f}");
            Assert.AreEqual(computed, store.Computed);
        }
        using (var store = new FeatureStore(Root, model, tower, Side, Reads))
        {
            Check(store, Pixels(3), 3, 3);
            Check(store, Pixels(5), 5, 5);
            Assert.Contains("name another folder", Assert.ThrowsExactly<IOException>(() =>
                new FeatureStore(Root, model, tower, Side, Reads)).Message);
        }
        var file = Directory.GetFiles(Root).Single();
        Assert.Contains(model.Fingerprint(), file);
        Assert.Contains("tokens+aligned", file);
        using (var store = new FeatureStore(Root, model, tower, Side, Reads)) Check(store, Pixels(5), 5, 0);
        // What was written in part, and what is damaged, is computed again.
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 5 * 2 - 9] ^= 1;
        File.WriteAllBytes(file, bytes[..^7]);
        using (var store = new FeatureStore(Root, model, tower, Side, Reads)) Check(store, Pixels(5), 5, 2);
        using (var store = new FeatureStore(Root, model, tower, Side, Reads)) Check(store, Pixels(5), 5, 0);
        Assert.HasCount(bytes.Length, File.ReadAllBytes(file));
        // Another tower has a file of its own.
        using var other = HeadTest.Model(TestDevices.FourThreads, seed: 4);
        using var second = new FrozenTower(other, Side, Reads);
        using (var store = new FeatureStore(Root, other, second, Side, Reads)) store.Run(Pixels(1));
        Assert.HasCount(2, Directory.GetFiles(Root));
    }

    [TestMethod]
    public void Heads_are_the_same_with_it_and_without()
    {
        using var model = HeadTest.Model(TestDevices.FourThreads);
        var source = new HeadTest.Halves(10);
        SegmentationHead Trained(string? folder)
        {
            var head = SegmentationHead.Create(model, HeadKind.Adapter, source.Classes.Names, Prompts.NameOnly, seed: 5);
            using var run = new HeadRun(head, source, new(Steps: 5, BatchSize: 4), featureCache: folder);
            run.Run();
            return head;
        }
        using SegmentationHead without = Trained(null), first = Trained(At("cache")), second = Trained(At("cache"));
        foreach (var head in new[] { first, second })
            foreach (var (a, b) in without.Parameters.ToArrays().Zip(head.Parameters.ToArrays())) Close.Bits(a.Values, b.Values, a.Name);
        Assert.HasCount(1, Directory.GetFiles(At("cache")));
    }
}
