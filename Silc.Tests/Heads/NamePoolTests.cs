namespace Silc.Tests;

/// <summary>Names that images are asked about.</summary>
[TestClass]
public sealed class NamePoolTests
{
    static readonly int[][] Labels = [[0, 0, 1], [2], [], [0, 3], [1, 4], [0], [5, 5], [6]];

    static DetectionThings Things(int[] labels, int[]? unasked = null, int[]? negatives = null) =>
        new(labels, [.. labels.Select(_ => new Box(0, 0, 1, 1))], (unasked ?? []).ToHashSet(), negatives?.ToHashSet());

    static NamePool Pool(int negatives, int seed = 0, int names = 9) =>
        new(names, new(Negatives: negatives, Seed: seed), new(Labels.Length, 4, seed), image => Labels[image]);

    [TestMethod]
    public void The_pool_counts_the_things_of_the_steps_so_far_also_after_a_jump_and_back()
    {
        var order = new EpochOrder(Labels.Length, 4, 0);
        var uses = new long[9];
        var (walked, jumped) = (Pool(3), Pool(3));
        for (int step = 0; step < 5; step++)
        {
            foreach (int image in order.Of(step).Samples)
                foreach (int label in Labels[image]) uses[label]++;
            CollectionAssert.AreEqual(uses, walked.UsesUpTo(step).ToArray());
        }
        CollectionAssert.AreEqual(uses, jumped.UsesUpTo(4).ToArray());
        CollectionAssert.AreEqual(Pool(3).UsesUpTo(1).ToArray(), jumped.UsesUpTo(1).ToArray());
        DetectionThings[] images = [.. order.Of(4).Samples.Select(image => Things(Labels[image]))];
        foreach (var (one, other) in walked.Of(images, 4).Zip(Pool(3).Of(images, 4))) CollectionAssert.AreEqual(one, other);
    }

    [TestMethod]
    public void An_image_is_asked_for_its_own_names_what_was_looked_for_in_vain_and_others_that_occur()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            // Over two epochs every name below 7 occurs; 7 and 8 do not.
            var asked = Pool(4, seed).Of([Things([1, 1, 4], [2], [8, 4]), Things([])], 3);
            CollectionAssert.AreEqual(new[] { 1, 4, 8 }, asked[0][..3], "its own, then the verified one that is no thing of it");
            Assert.HasCount(2 + 4, asked[0]);
            CollectionAssert.IsSubsetOf(asked[0][3..], new[] { 0, 3, 5, 6 });
            Assert.HasCount(4, asked[1]);
            Assert.HasCount(4, asked[1].Distinct().Where(name => name < 7));
        }
        // Fewer names than asked for: all of them.
        Assert.HasCount(7, Pool(50).Of([Things([])], 3)[0]);
    }

    [TestMethod]
    public void Names_are_drawn_in_proportion_to_their_use()
    {
        // 0 occurs four times an epoch, 5 twice and 6 once.
        const int Draws = 7000;
        var all = Enumerable.Range(0, Draws).Select(seed => Pool(1, seed).Of([Things([1, 2, 3, 4])], 1)[0][^1]).CountBy(name => name).ToDictionary();
        Assert.AreEqual(Draws * 4 / 7.0, all[0], 4 * Math.Sqrt(Draws * 4 / 7.0 * 3 / 7));
        Assert.AreEqual(Draws * 2 / 7.0, all[5], 4 * Math.Sqrt(Draws * 2 / 7.0 * 5 / 7));
        Assert.AreEqual(Draws / 7.0, all[6], 4 * Math.Sqrt(Draws / 7.0 * 6 / 7));
        Assert.HasCount(3, all);
    }

    [TestMethod]
    public void An_image_is_asked_for_a_hundred_names_at_most()
    {
        var things = Enumerable.Range(0, 130).ToArray();
        var pool = new NamePool(200, new(Negatives: 50), new(1, 1, 0), _ => [.. Enumerable.Range(0, 200)]);
        Assert.HasCount(100, pool.Of([Things(things)], 0)[0]);
        Assert.HasCount(100, pool.Of([Things(things[..80])], 0)[0]);
        Assert.HasCount(60, pool.Of([Things(things[..10])], 0)[0]);
        Assert.Contains("[0, 99]", Assert.ThrowsExactly<ArgumentException>(() => new HeadTrainConfig(Negatives: 100).Check()).Message);
    }
}
