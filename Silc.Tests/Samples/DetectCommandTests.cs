using System.Text.Json;

namespace Silc.Tests;

/// <summary>Detection on the command line: a head is trained, measured and asked.</summary>
[TestClass, DoNotParallelize]
public sealed class DetectCommandTests : TempFolder
{
    string Out(params string[] args)
    {
        var (code, output, error) = CommandLineRun.Of(args);
        Assert.AreEqual(0, code, output + error);
        return output;
    }

    [TestMethod]
    public void A_head_is_trained_measured_and_asked()
    {
        var output = Out("head", "train", "detect", "--model", "mini", "--data", "demo", "--images", "48", "--steps", "30", "--batch", "8",
            "--hold-out", "pink,white", "--without-held-out", "--out", At("head"));
        Assert.Contains("7 classes: red, orange, yellow, green, blue, purple, black", output);
        foreach (var file in new[] { "head.safetensors", "metrics.csv", "loss.png" }) Assert.IsTrue(File.Exists(At($"head/{file}")), file);

        output = Out("head", "eval", "detect", "--model", "mini", "--head", At("head"), "--data", "demo", "--images", "12", "--overlays", At("o.png"),
            "--predictions", At("p.json"), "--json", At("s.json"));
        Assert.Contains("AP unseen", output);
        using var scores = JsonDocument.Parse(File.ReadAllBytes(At("s.json")));
        var metrics = scores.RootElement.GetProperty("scores")[1].GetProperty("metrics");
        // What was written is measured alike by its own truth.
        var truth = new DemoDetection(12, 1_000_003, 96, DemoLevel.Plain).Truth;
        var again = DetectionScores.Coco(truth, DetectionResults.Read(At("p.json")));
        Assert.AreEqual(metrics.GetProperty("AP50").GetDouble(), Math.Max(0, again.Precision(0.5)), 0.02);
        Assert.IsTrue(SheetFile.IsSheet(At("o.png")));
        HeadReports.Check(At("head"), 12, "AP50", [metrics.GetProperty("AP50").GetDouble()], "worst", "first", "validation");

        Directory.CreateDirectory(At("photos"));
        ImageFile.Write(At("photos/a.png"), new DemoDetection(1, 5, 64).Read(0).Image);
        ImageFile.Write(At("photos/wide.png"), Images.Noise(60, 20, 3));
        Out("detect", At("photos"), "--model", "mini", "--head", At("head"), "--classes", "red,blue", "--least", "0", "--out", At("found"));
        using var found = JsonDocument.Parse(File.ReadAllBytes(At("found/detections.json")));
        Assert.AreEqual(2, found.RootElement.GetArrayLength());
        foreach (var image in found.RootElement.EnumerateArray())
            foreach (var thing in image.GetProperty("things").EnumerateArray())
            {
                var box = thing.GetProperty("box").Reals();
                Assert.IsTrue(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= image.GetProperty("width").GetInt32() + 0.011
                    && box[1] + box[3] <= image.GetProperty("height").GetInt32() + 0.011);
                Assert.IsTrue(thing.GetProperty("name").GetString() is "red" or "blue");
            }
        Assert.IsTrue(File.Exists(At("found/a.overlay.png")) && File.Exists(At("found/wide.overlay.png")));
    }

    /// <summary>The same scenes as files of COCO give the same head, bit by bit.</summary>
    [TestMethod]
    public void A_file_of_coco_is_trained_on_as_the_demo_it_holds()
    {
        var drawn = new DemoDetection(6, 2_000_003, 96, DemoLevel.Plain);
        Directory.CreateDirectory(At("train2017"));
        for (int i = 0; i < drawn.Count; i++) ImageFile.Write(At($"train2017/{i}.png"), drawn.Read(i).Image);
        File.WriteAllText(At("instances_train2017.json"), JsonSerializer.Serialize(new
        {
            images = drawn.Truth.Images.Select((image, i) => new { id = image.Id, file_name = $"{i}.png", width = 96, height = 96 }),
            categories = drawn.Truth.Categories.Select(category => new { id = category.Id, name = category.Name }),
            annotations = drawn.Truth.Instances.Select(thing => new
            {
                id = thing.Id,
                image_id = thing.ImageId,
                category_id = thing.CategoryId,
                area = thing.Area,
                bbox = new[] { thing.Box.X, thing.Box.Y, thing.Box.Width, thing.Box.Height },
            }),
        }));
        string[] common = ["--steps", "4", "--batch", "3", "--model", "mini"];
        Out(["head", "train", "detect", "--data", "demo", "--images", "6", "--out", At("one"), .. common]);
        Out(["head", "train", "detect", "--data", $"coco:{At("instances_train2017.json")}", "--templates", "name", "--out", At("two"), .. common]);
        var (one, two) = (HeadFile.Open(At("one")).Arrays(), HeadFile.Open(At("two")).Arrays());
        CollectionAssert.AreEquivalent(one.Keys.ToArray(), two.Keys.ToArray());
        foreach (var (name, array) in one) Close.Bits(array.Values, two[name].Values, name);
        Assert.Contains("6 images", Out("data", "labels", "--data", $"coco:{At("instances_train2017.json")}"));
    }

    [TestMethod]
    [DataRow("head train detect --model mini --data photos --out h", "detection takes demo, demo:hard, coco:FILE.json")]
    [DataRow("head train detect --model mini --data demo --hold-out mauve --out h", "mauve: demo, plain, boxes by colour has no such class")]
    [DataRow("head train detect --model mini --data demo --without-held-out --out h", "needs --hold-out")]
    [DataRow("head eval detect --model mini --head nowhere --data demo --images 2", "nowhere: there is no such head")]
    [DataRow("head train detect --model mini --data demo --image-folder x --out h", "--image-folder is for coco: and lvis:")]
    [DataRow("detect nowhere.png --model mini --head h --out found", "nowhere.png: no such image or folder")]
    public void What_will_not_do_is_said(string line, string words)
    {
        var (code, _, error) = CommandLineRun.Of(line.Replace("--out h", $"--out {At("h")}").Replace("--out found", $"--out {At("f")}").Split(' '));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains(words, error);
    }
}
