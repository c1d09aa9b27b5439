using Silc.Samples.Heads;
using Silc.Samples.Models;

namespace Silc.Tests;

/// <summary>The table of towers: heads of two steps, which it does not train twice.</summary>
[TestClass, DoNotParallelize]
public sealed class HeadCompareTests : TempFolder
{
    string[] Line(params string[] more) =>
    [
        "head", "compare", "--models", "mini", At("other"), "--data", "demo:hard", "--out", At("towers"), "--seeds", "2", "--steps", "2", "--images",
        "12", "--asked", "6", "--device", "cpu", .. more,
    ];

    [TestMethod]
    public void Towers_are_compared_and_what_is_done_stays()
    {
        using (var device = Device.Cpu(1))
        using (var file = ModelFile.Open(ShippedModel.Folder))
        using (var model = SilcModel.Create(device, file.Config, seed: 5, file.Tokenizer?.Open())) model.Save(At("other/model.safetensors"));
        var (code, output, error) = CommandLineRun.Of(Line("--tasks", "colours,answers"));
        Assert.AreEqual(0, code, output + error);
        var table = File.ReadAllLines(At("towers/compare.md"));
        Assert.AreEqual("| row | mini | other | untrained | floors | difference |", table[0]);
        foreach (var row in new[] { "colours, mIoU, no head", "colours, mIoU, adapter", "answers, count" })
            Assert.HasCount(1, table.Where(line => line.StartsWith($"| {row} | ", StringComparison.Ordinal)).ToArray());
        Assert.HasCount(2 * 3 * 2, Directory.GetFiles(At("towers/cells")));
        // A cell says how it was made, and its numbers are those of the table.
        var cell = ComparedCell.Read(At("towers/cells/colours-mini-1.json"))!;
        Assert.Contains("--seed 1", cell.Trained);
        Assert.AreEqual(HeadFile.Open(At("towers/heads/colours-mini-1")).Description.Tower, cell.Fingerprint);

        // What is done is not trained again; what is missing is, to the same numbers.
        File.Delete(At("towers/cells/colours-other-0.json"));
        var written = File.GetLastWriteTimeUtc(At("towers/heads/answers-mini-0/head.safetensors"));
        (code, output, error) = CommandLineRun.Of(Line("--tasks", "colours,answers"));
        Assert.AreEqual(0, code, output + error);
        Assert.Contains("colours, other, seed 0", output);
        Assert.DoesNotContain("answers, mini, seed 0", output);
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(At("towers/heads/answers-mini-0/head.safetensors")));
        CollectionAssert.AreEqual(table, File.ReadAllLines(At("towers/compare.md")));

        (_, _, error) = CommandLineRun.Of([.. Line("--tasks", "colours").Select(word => word == "6" ? "7" : word)]);
        Assert.Contains("is of another comparison", error);
        (_, _, error) = CommandLineRun.Of(Line("--tasks", "colours,mauve"));
        Assert.Contains("--tasks mauve: demo:hard has colours, shapes, detection, captions, answers", error);
        (_, _, error) = CommandLineRun.Of("head", "compare", "--models", "mini", "mini", "--data", "demo", "--out", At("x"));
        Assert.Contains("would be called 'mini'", error);
        (_, _, error) = CommandLineRun.Of("head", "compare", "--models", "nowhere", "--data", "demo", "--out", At("x"));
        Assert.Contains("--models nowhere: there is no such file or folder", error);
        (_, _, error) = CommandLineRun.Of("head", "compare", "--models", "mini", "--data", At("photos"), "--out", At("x"));
        Assert.Contains("towers are compared on images that the program draws", error);
    }

    /// <summary>Towers under one name share a column: each seed's heads stand on a tower of its own, and so do those of random weights.</summary>
    [TestMethod]
    public void Each_seed_has_a_tower_of_its_own_under_one_name()
    {
        using (var device = Device.Cpu(1))
        using (var file = ModelFile.Open(ShippedModel.Folder))
            for (int seed = 0; seed < 3; seed++)
            {
                using var model = SilcModel.Create(device, file.Config, seed + 5, file.Tokenizer?.Open());
                model.Save(At($"other{seed}/model.safetensors"));
            }
        string[] Columns(params string[] towers) =>
            [.. Line("--tasks", "colours").SelectMany(word => word == "mini" ? towers : word == At("other") ? [] : [word])];
        var (code, output, error) = CommandLineRun.Of(Columns("shipped=mini", $"other={At("other0")},{At("other1")}"));
        Assert.AreEqual(0, code, output + error);
        Assert.AreEqual("| row | shipped | other | untrained | floors | difference |", File.ReadLines(At("towers/compare.md")).First());
        string Print(string tower, int seed) => ComparedCell.Read(At($"towers/cells/colours-{tower}-{seed}.json"))!.Fingerprint;
        Assert.AreEqual(Print("shipped", 0), Print("shipped", 1));
        Assert.AreNotEqual(Print("other", 0), Print("other", 1));
        Assert.Contains(At("other1"), ComparedCell.Read(At("towers/cells/colours-other-1.json"))!.Trained);
        // The first column has one tower, and so has the one with random weights.
        Assert.AreEqual(Print("untrained", 0), Print("untrained", 1));

        (_, _, error) = CommandLineRun.Of(Columns($"other={At("other0")},{At("other1")},{At("other2")}"));
        Assert.Contains("3 towers for heads of 2 seeds; give one for each, or --seeds 3", error);
        (_, _, error) = CommandLineRun.Of(Columns("a=mini", $"a={At("other0")}"));
        Assert.Contains("would be called 'a' in the table", error);
        (_, _, error) = CommandLineRun.Of(Columns($"a={At("other0")},{At("other0")}"));
        Assert.Contains("have the same weights", error);
        (_, _, error) = CommandLineRun.Of(Columns($"a={At("other0")},nowhere"));
        Assert.Contains("--models nowhere: there is no such file or folder", error);
        (_, _, error) = CommandLineRun.Of(Columns("a="));
        Assert.Contains("no tower stands after the equals sign", error);

        (code, output, error) = CommandLineRun.Of([.. Columns($"other={At("other0")},{At("other2")}")
            .Select(word => word == At("towers") ? At("two") : word)]);
        Assert.AreEqual(0, code, output + error);
        Assert.HasCount(2, Directory.GetFiles(At("two/cells"), "colours-untrained-*")
            .Select(file => ComparedCell.Read(file)!.Fingerprint).Distinct().ToArray());
    }

    /// <summary>A difference counts from two standard deviations on, and only above what needs no tower.</summary>
    [TestMethod]
    [DataRow(new[] { 0.50, 0.52 }, new[] { 0.40, 0.42 }, new[] { 0.10, 0.10 }, 0.2, "a +10.0")]
    [DataRow(new[] { 0.50, 0.52 }, new[] { 0.49, 0.51 }, new[] { 0.10, 0.10 }, 0.2, "no difference")]
    [DataRow(new[] { 0.40, 0.42 }, new[] { 0.50, 0.52 }, new[] { 0.10, 0.10 }, 0.2, "b +10.0")]
    [DataRow(new[] { 0.50, 0.52 }, new[] { 0.40, 0.42 }, new[] { 0.10, 0.10 }, 0.6, "no better than blind")]
    [DataRow(new[] { 0.50, 0.52 }, new[] { 0.40, 0.42 }, new[] { 0.49, 0.53 }, 0.2, "no better than the untrained tower")]
    public void A_difference_below_two_deviations_is_none(double[] a, double[] b, double[] z, double floor, string words)
    {
        var task = new ComparedTask("t", "segment", 1, 1, new Dictionary<string, string[]>(), [new("row", "head, ", "m", [("blind", "always")])]);
        ComparedCell Cell(string tower, int seed, double value) => new(tower, tower, "t", seed, "", "", 0,
        [
            new("set", 1, "head, before its first step", new Dictionary<string, double> { ["m"] = 0.99 }),
            new("set", 1, "head, step 1", new Dictionary<string, double> { ["m"] = value }),
            new("set", 1, "always red", new Dictionary<string, double> { ["m"] = floor }),
        ]);
        var cells = new[] { ("a", a), ("b", b), ("untrained", z) }
            .SelectMany(tower => tower.Item2.Select((value, seed) => Cell(tower.Item1, seed, value))).ToList();
        var row = new ComparedTable([task], ["a", "b", "untrained"], "untrained", cells).Rows().Single();
        Assert.AreEqual(words, row[^1]);
        Assert.AreEqual($"{100 * a.Average():F1}\u00A0±\u00A0{100 * (a[1] - a[0]) / Math.Sqrt(2):F1}", row[1]);
        Assert.AreEqual(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"blind {100 * floor:F1}\u00A0±\u00A00.0"), row[^2]);
    }
}
