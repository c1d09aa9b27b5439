namespace Silc.Tests;

[TestClass]
public sealed class RunMaskTests
{
    [TestMethod]
    public void Pixels_and_text_are_those_of_pycocotools()
    {
        foreach (var entry in MetricsFolder.Json("masks.json").GetProperty("pixels").EnumerateArray())
        {
            var (width, height) = (entry.GetProperty("width").GetInt32(), entry.GetProperty("height").GetInt32());
            bool[] pixels = [.. entry.GetProperty("pixels").GetString()!.Select(pixel => pixel == '1')];
            var text = entry.GetProperty("text").GetString()!;
            Assert.AreEqual(text, RunMask.FromPixels(pixels, width, height).ToText());
            var mask = RunMask.FromText(text, width, height);
            CollectionAssert.AreEqual(pixels, mask.ToPixels());
            Assert.AreEqual(pixels.Count(pixel => pixel), mask.Area);
            CollectionAssert.AreEqual(mask.Runs.ToArray(), RunMask.FromRuns(mask.Runs, width, height).Runs.ToArray());
        }
    }

    [TestMethod]
    public void Polygons_cover_the_pixels_that_pycocotools_gives_them()
    {
        int filled = 0;
        foreach (var (i, entry) in MetricsFolder.Json("masks.json").GetProperty("polygons").EnumerateArray().Index())
        {
            var (width, height) = (entry.GetProperty("width").GetInt32(), entry.GetProperty("height").GetInt32());
            var official = RunMask.FromText(entry.GetProperty("text").GetString()!, width, height);
            CollectionAssert.AreEqual(official.ToPixels(), RunMask.FromPolygons([entry.GetProperty("corners").Reals()], width, height).ToPixels(),
                $"polygon {i}");
            if (official.Area > 0) filled++;
        }
        Assert.IsGreaterThan(60, filled);
    }

    [TestMethod]
    public void Masks_meet_as_their_pixels_do()
    {
        var random = new Random(3);
        for (int trial = 0; trial < 50; trial++)
        {
            var (width, height) = (random.Next(1, 20), random.Next(1, 20));
            bool[] Draw() => [.. Enumerable.Range(0, width * height).Select(_ => random.NextDouble() < (trial % 3) / 2.0)];
            var (a, b) = (Draw(), Draw());
            var (left, right) = (RunMask.FromPixels(a, width, height), RunMask.FromPixels(b, width, height));
            Assert.AreEqual(a.Zip(b).Count(pair => pair.First && pair.Second), left.Intersection(right));
            CollectionAssert.AreEqual(a.Zip(b).Select(pair => pair.First || pair.Second).ToArray(), left.Union(right).ToPixels());
        }
    }

    [TestMethod]
    public void Two_polygons_are_one_mask()
    {
        var mask = RunMask.FromPolygons([[1, 1, 4, 1, 4, 3, 1, 3], [0, 0, 2, 0, 2, 2, 0, 2]], 6, 5);
        Assert.AreEqual(6 + 4 - 1, mask.Area);
    }

    [TestMethod]
    public void What_is_no_mask_is_refused()
    {
        void Refused(string words, Func<RunMask> make) =>
            Assert.Contains(words, Assert.ThrowsExactly<ArgumentException>(make).Message);
        Refused("3 x 2 = 6", () => RunMask.FromRuns([2, 3], 2, 3));
        Refused("negative", () => RunMask.FromRuns([7, -1], 2, 3));
        Refused("cut short", () => RunMask.FromText("2o", 2, 3));
        Refused("character '!'", () => RunMask.FromText("2!", 2, 3));
        Refused("three corners", () => RunMask.FromPolygons([[1, 1, 2, 2]], 4, 4));
        Refused("finite", () => RunMask.FromPolygons([[1, 1, 2, 2, double.NaN, 0]], 4, 4));
        Refused("one size", () => RunMask.FromRuns([4], 2, 2).Union(RunMask.FromRuns([6], 2, 3)));
    }
}
