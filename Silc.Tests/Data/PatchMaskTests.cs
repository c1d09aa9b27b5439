namespace Silc.Tests;

/// <summary>Which patches are hidden.</summary>
[TestClass]
public sealed class PatchMaskTests
{
    static int[] Hide(MaskKind kind, int grid, int count, int seed)
    {
        var hidden = new int[grid * grid];
        PatchMask.Hide(kind, new Philox((ulong)seed), grid, count, hidden);
        Assert.IsTrue(hidden.All(flag => flag is 0 or 1));
        return hidden;
    }

    [TestMethod]
    public void Random_and_filled_masks_hide_exactly_so_many_and_blocks_no_more()
    {
        foreach (var grid in new[] { 1, 2, 3, 8, 16 })
            for (int seed = 0; seed < 20; seed++)
                foreach (var count in new[] { 0, 1, grid * grid / 2, grid * grid })
                    foreach (var kind in Enum.GetValues<MaskKind>())
                    {
                        if (kind != MaskKind.Random && grid * grid < PatchMask.LeastPatches) continue;
                        var hidden = Hide(kind, grid, count, seed).Sum();
                        if (kind is MaskKind.Blocks or MaskKind.IbotBlocks) Assert.IsTrue(hidden <= count, $"{hidden} of {count}");
                        else Assert.AreEqual(count, hidden, $"{kind}, grid {grid}");
                    }
    }

    /// <summary>All patches are hidden alike often: the share of each over many masks is that of the mask.</summary>
    [TestMethod]
    public void Random_masks_prefer_no_patch()
    {
        var shares = new double[16];
        const int masks = 4000;
        for (int seed = 0; seed < masks; seed++)
            foreach (var (patch, flag) in Hide(MaskKind.Random, 4, 6, seed).Index()) shares[patch] += flag / (double)masks;
        // Four standard deviations of a share of 4,000 draws.
        Assert.IsTrue(shares.All(share => Math.Abs(share - 6 / 16.0) < 0.031), string.Join(' ', shares));
    }

    /// <summary>Blocks hide neighbours: their border is shorter than that of as many single patches.</summary>
    [TestMethod]
    public void Blocks_are_made_of_neighbours()
    {
        static int Border(int[] hidden, int grid) => Enumerable.Range(0, grid * grid).Sum(i =>
            (i % grid + 1 < grid && hidden[i] != hidden[i + 1] ? 1 : 0) + (i + grid < grid * grid && hidden[i] != hidden[i + grid] ? 1 : 0));
        double Mean(MaskKind kind) => Enumerable.Range(0, 100).Average(seed => Border(Hide(kind, 16, 100, seed), 16));
        Assert.IsLessThan(0.7 * Mean(MaskKind.Random), Mean(MaskKind.Blocks));
        Assert.IsLessThan(0.7 * Mean(MaskKind.Random), Mean(MaskKind.FilledBlocks));
        // iBOT's are larger, so fewer.
        Assert.IsLessThan(0.9 * Mean(MaskKind.Blocks), Mean(MaskKind.IbotBlocks));
        Assert.IsGreaterThan(90, Enumerable.Range(0, 100).Average(seed => Hide(MaskKind.Blocks, 16, 100, seed).Sum()));
    }

    /// <summary>iBOT's first block of a grid of 9 has 9 patches or more, as many as aspects and whole sides leave; DINOv2's begins at 4.</summary>
    [TestMethod]
    public void The_blocks_of_iBOT_are_a_ninth_of_the_grid_at_least()
    {
        int Smallest(MaskKind kind) => Enumerable.Range(0, 300).Select(seed => Hide(kind, 9, 12, seed).Sum()).Where(hidden => hidden > 0).Min();
        Assert.IsGreaterThanOrEqualTo(7, Smallest(MaskKind.IbotBlocks));
        Assert.IsTrue(Enumerable.Range(0, 300).Any(seed => Hide(MaskKind.IbotBlocks, 9, 12, seed).Sum() < 12));
    }

    /// <summary>DINOv2's: half of the images, in shares that are spread evenly over 0.1 to 0.5.</summary>
    [TestMethod]
    public void Shares_are_spread_evenly_over_their_range_and_the_images()
    {
        const int batch = 12, grid = 10;
        var masks = new MaskBatch(new(Ratio: 0.1, RatioMax: 0.5, Images: 0.5), grid, views: 2, batch, size: batch, seed: 3);
        var first = new HashSet<int>();
        for (int step = 0; step < 20; step++)
        {
            masks.Draw(step, 0);
            for (int view = 0; view < 2; view++)
            {
                int[] counts = [.. Enumerable.Range(0, batch).Select(image =>
                    masks.Hidden.AsSpan((view * batch + image) * grid * grid, grid * grid).ToArray().Sum())];
                int[] sorted = [.. counts.Where(count => count > 0).Order()];
                Assert.HasCount(6, sorted);
                foreach (var (stratum, count) in sorted.Index())
                    Assert.IsTrue(count >= 10 + 40.0 / 6 * stratum - 0.5 && count <= 10 + 40.0 / 6 * (stratum + 1) + 0.5,
                        $"{count} in stratum {stratum}");
                first.Add(Array.FindIndex(counts, count => count > 0));
            }
        }
        Assert.IsGreaterThan(2, first.Count);       // not always the same images
    }

    /// <summary>Rows and weights: each view has the weight 1 / (V · B) where something of it counts.</summary>
    [TestMethod]
    public void Rows_are_the_hidden_patches_and_weigh_alike_by_views()
    {
        foreach (var all in new[] { false, true })
            foreach (var ratio in new[] { 0, 0.3, 1 })
            {
                var masks = new MaskBatch(new(ratio, AllPatches: all), 3, views: 2, batch: 8, size: 2, seed: 1);
                int hidden = masks.Draw(step: 5, first: 4), each = (int)Math.Round(9 * ratio);
                Assert.AreEqual(4 * each, hidden);
                var counted = masks.RowOf.Zip(masks.Weights).Where(row => row.Second > 0).ToArray();
                int[] expected = [.. Enumerable.Range(0, masks.Hidden.Length).Where(patch => all || masks.Hidden[patch] == 1)];
                CollectionAssert.AreEqual(expected, counted.Select(row => row.First).ToArray());
                foreach (var view in counted.GroupBy(row => row.First / 9)) Assert.AreEqual(1 / 16.0, view.Sum(row => row.Second), 1e-6);
                Assert.IsTrue(masks.Rows >= expected.Length && masks.Rows == Math.Max(1, expected.Length));
            }
    }

    /// <summary>An image has the same mask whichever rank and slice it falls into, another in each step, and the same again.</summary>
    [TestMethod]
    public void Masks_depend_on_step_place_and_view_alone()
    {
        foreach (var config in new[] { new MaskConfig(), new MaskConfig(0.2, 0.8, 0.5, MaskKind.Blocks) })
        {
            MaskBatch whole = new(config, 4, views: 2, batch: 8, size: 8, seed: 1), part = new(config, 4, views: 2, batch: 8, size: 2, seed: 1);
            whole.Draw(3, 0);
            for (int first = 0; first < 8; first += 2)
            {
                part.Draw(3, first);
                for (int view = 0; view < 2; view++)
                    CollectionAssert.AreEqual(whole.Hidden[((view * 8 + first) * 16)..((view * 8 + first + 2) * 16)],
                        part.Hidden[(view * 32)..(view * 32 + 32)]);
            }
            int[] before = [.. whole.Hidden];
            whole.Draw(4, 0);
            CollectionAssert.AreNotEqual(before, whole.Hidden);
            whole.Draw(3, 0);
            CollectionAssert.AreEqual(before, whole.Hidden);
            CollectionAssert.AreNotEqual(before[..128], before[128..]);     // the views
        }
    }

    [TestMethod]
    public void Shares_out_of_range_are_refused()
    {
        Refused("--mask-ratio", new(Ratio: -0.1));
        Refused("--mask-ratio", new(Ratio: 1.1));
        Refused("--mask-ratio-max) is 0.4, it must lie in [0.5, 1]", new(RatioMax: 0.4));
        Refused("--mask-images", new(Images: 2));

        static void Refused(string says, MaskConfig masks) => Assert.Contains(says,
            Assert.ThrowsExactly<ArgumentException>(() => (TinyRun.Recipe with { MaskWeight = 1, Masks = masks }).Check()).Message);
    }
}
