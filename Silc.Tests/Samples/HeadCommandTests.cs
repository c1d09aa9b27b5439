using System.Text.Json;

namespace Silc.Tests;

/// <summary>Heads on the command line, with the shipped model.</summary>
[TestClass, DoNotParallelize]
public sealed class HeadCommandTests : TempFolder
{
    string Train(int steps = 80, params string[] more)
    {
        var (code, output, error) = CommandLineRun.Of(["head", "train", "segment", "--model", "mini", "--data", "demo:hard", "--images", "96",
            "--out", At("head"), "--steps", $"{steps}", "--device", "cpu", .. more]);
        Assert.AreEqual(0, code, error);
        return output;
    }

    [TestMethod]
    public void An_adapter_is_trained_asked_and_used()
    {
        Assert.Contains("9 classes: red, orange", Train());
        foreach (var file in new[] { HeadFile.Name, "metrics.csv", "loss.png" }) Assert.IsTrue(File.Exists(At($"head/{file}")), file);
        var rows = File.ReadAllLines(At("head/metrics.csv"));
        Assert.HasCount(9, rows);
        // A fifth of 80 steps is 16: measured at the reports of steps 20, 40, 50, 70 and 80.
        CollectionAssert.AreEqual(new[] { "20", "40", "50", "70", "80" },
            rows.Skip(1).Where(row => !row.EndsWith(',')).Select(row => row.Split(',')[0]).ToArray());
        var (code, output, error) = CommandLineRun.Of("head", "eval", "segment", "--model", "mini", "--head", At("head"), "--data", "demo:hard",
            "--images", "40", "--json", At("s.json"), "--overlays", At("o.png"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("the mean over the classes that the truth has", output);
        Assert.IsTrue(SheetFile.IsSheet(At("o.png")));
        using var scores = JsonDocument.Parse(File.ReadAllText(At("s.json")));
        double[] mean = [.. scores.RootElement.GetProperty("scores").EnumerateArray()
            .Select(line => line.GetProperty("metrics").GetProperty("mIoU").GetDouble())];
        // 73, 85 and 2 % where it was written.
        Assert.IsGreaterThan(mean[0] + 0.03, mean[1], string.Join(", ", mean));
        Assert.IsGreaterThan(mean[2] + 0.3, mean[0], string.Join(", ", mean));
        HeadReports.Check(At("head"), 40, "mIoU", mean, "worst", "first", "confusion", "validation");

        ImageFile.Write(At("a.png"), new DemoSegmentation(1, 9).Read(0).Image);
        (code, _, error) = CommandLineRun.Of("segment", At("a.png"), "--model", "mini", "--head", At("head"), "--out", At("found"), "--device",
            "cpu");
        Assert.AreEqual(0, code, error);
        CollectionAssert.AreEquivalent(new[] { "a.overlay.png", "a.labels.png", "classes.txt" },
            Directory.GetFiles(At("found")).Select(Path.GetFileName).ToArray());
        Assert.AreEqual("red", File.ReadAllLines(At("found/classes.txt"))[0]);
        Assert.IsTrue(LabelMapFile.Read(At("found/a.labels.png")).Labels.All(label => label is >= 0 and < 9));
    }

    [TestMethod]
    public void Seen_and_unseen_classes_are_told_apart()
    {
        Assert.Contains("7 classes", Train(80, "--hold-out", "red, blue"));
        var (code, output, error) = CommandLineRun.Of("head", "eval", "segment", "--model", "mini", "--head", At("head"), "--data", "demo:hard",
            "--images", "40", "--device", "cpu");
        Assert.AreEqual(0, code, error);
        foreach (var word in new[] { "seen", "unseen", "harmonic mean" }) Assert.Contains(word, output);
        Assert.Contains("has no such class", CommandLineRun.Of("head", "train", "segment", "--model", "mini", "--data", "demo", "--hold-out", "mauve",
            "--out", At("other"), "--device", "cpu").Error);
    }

    [TestMethod]
    public void CAT_Seg_is_trained_goes_on_and_slides()
    {
        string[] line = ["--head", "catseg", "--image-size", "32", "--batch", "4", "--classes-a-step", "5"];
        Assert.Contains("catseg, 105,609 values, on images of 32 pixels", Train(3, line));
        Assert.Contains("resumed  after step 3", Train(5, [.. line, "--resume"]));
        var (code, output, error) = CommandLineRun.Of("head", "eval", "segment", "--model", "mini", "--head", At("head"), "--data", "demo:hard",
            "--images", "4", "--slide", "--merge-from", "7", "--predictions", At("masks"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("head, CAT-Seg, step 5", output);
        string[] masks = Directory.GetFiles(At("masks"), "*.png", SearchOption.AllDirectories);
        Assert.HasCount(4, masks);
        Assert.Contains("is for --head catseg", CommandLineRun.Of("head", "train", "segment", "--model", "mini", "--data", "demo", "--out", At("b"),
            "--classes-a-step", "3", "--device", "cpu").Error);
        Assert.Contains("--slide says how windows lie", CommandLineRun.Of("head", "eval", "segment", "--model", "mini", "--head", At("head"),
            "--data", "demo", "--slide", "--short-side", "64", "--device", "cpu").Error);
    }

    [TestMethod]
    public void A_tower_is_tuned_along_on_parts_of_images_and_features_are_kept()
    {
        Assert.Contains("tuned along: (img|txt)/(.*/(query|value)/.*|pos_embedding) at 0.05 of the rate",
            Train(4, "--tune", "catseg", "--tune-rate", "0.05", "--flip", "--min-crop", "0.7", "--batch", "4"));
        Assert.IsNotEmpty(HeadFile.Open(At("head")).Arrays().Keys.Where(name => name.StartsWith("img/", StringComparison.Ordinal)).ToArray());
        var (code, _, error) = CommandLineRun.Of("head", "eval", "segment", "--model", "mini", "--head", At("head"), "--data", "demo:hard",
            "--images", "4", "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Train(2, "--overwrite", "--feature-cache", At("cache"));
        Assert.HasCount(1, Directory.GetFiles(At("cache"), "features-*.bin"));
        string Fails(params string[] more) => CommandLineRun.Of(["head", "train", "segment", "--model", "mini", "--data", "demo", "--out", At("x"),
            "--device", "cpu", .. more]).Error;
        Assert.Contains("features differ from step to step", Fails("--flip", "--feature-cache", At("cache")));
        Assert.Contains("--tune-rate needs --tune", Fails("--tune-rate", "0.1"));
        Assert.Contains("--tune-text-rate 0.1: --tune 'img/.*' takes no parameter of the text tower", Fails("--tune", "img/.*", "--tune-text-rate",
            "0.1"));
        Assert.Contains("'head/.*' matches no parameter of the towers", Fails("--tune", "head/.*"));
        Assert.Contains("the least crop is 2", Fails("--min-crop", "2"));
    }

    /// <summary>Of three images two share a name, and the third has that which a number would give one of them.</summary>
    [TestMethod]
    public void No_image_takes_the_files_of_another()
    {
        foreach (var name in new[] { "a-2.jpg", "a.jpg", "a.png" }) ImageFile.Write(At($"photos/{name}"), Images.Noise(48, 48, name.Length));
        var (code, _, error) = CommandLineRun.Of("segment", At("photos"), "--model", "mini", "--classes", "red,blue", "--out", At("found"),
            "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.HasCount(3, Directory.GetFiles(At("found"), "*.labels.png"));
    }

    [TestMethod]
    public void Data_is_segmented_by_the_model_alone()
    {
        var (code, _, error) = CommandLineRun.Of("segment", "--data", "demo:hard", "--images", "2", "--model", "mini", "--classes", "red, blue",
            "--out", At("found"), "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.HasCount(5, Directory.GetFiles(At("found")));
        CollectionAssert.AreEqual(new[] { "red", "blue" }, File.ReadAllLines(At("found/classes.txt")));
        Assert.Contains("both called 'red'", CommandLineRun.Of("segment", "--data", "demo", "--model", "mini", "--classes", "red,blue,red", "--out",
            At("other"), "--device", "cpu").Error);
    }

    [TestMethod]
    public void Another_model_a_full_folder_and_missing_names_are_refused()
    {
        Train(2);
        using (var model = HeadTest.Model(TestDevices.OneThread)) model.Save(At("other/model.safetensors"));
        Assert.Contains("is a head for the tower", CommandLineRun.Of("head", "eval", "segment", "--model", At("other"), "--head", At("head"),
            "--data", "demo", "--device", "cpu").Error);
        Assert.Contains("holds a head already", CommandLineRun.Of("head", "train", "segment", "--model", "mini", "--data", "demo", "--out",
            At("head"), "--device", "cpu").Error);
        Assert.Contains("is of a head, not of a model", CommandLineRun.Of("eval", "segmentation", "--model", At("head"), "--data", "demo", "--device",
            "cpu").Error);
        Assert.Contains("--classes is required", CommandLineRun.Of("segment", "--data", "demo", "--model", "mini", "--out", At("found"), "--device",
            "cpu").Error);
        Assert.Contains("is not empty", CommandLineRun.Of("segment", "--data", "demo", "--model", "mini", "--classes", "red,blue", "--out",
            At("head"), "--device", "cpu").Error);
    }
}
