using System.Text.Json;

namespace Silc.Tests;

/// <summary>Sentences that speak of one thing, on the command line.</summary>
[TestClass, DoNotParallelize]
public sealed class ReferenceCommandTests : TempFolder
{
    static string Out(params string[] args)
    {
        var (code, output, error) = CommandLineRun.Of(args);
        Assert.AreEqual(0, code, error);
        return output;
    }

    static string Refused(params string[] args)
    {
        var (code, _, error) = CommandLineRun.Of(args);
        Assert.AreEqual(SilcCommand.Failed, code);
        return error;
    }

    JsonElement[] Scores() => [.. JsonDocument.Parse(File.ReadAllBytes(At("s.json"))).RootElement.GetProperty("scores").EnumerateArray()];

    // One 8 x 8 image whose thing covers the left half.
    string RefCoco()
    {
        ImageFile.Write(At("1.png"), Images.Noise(8, 8, 1));
        File.WriteAllText(At("refs.json"), """
            [{"ann_id": 1, "image_id": 1, "split": "val", "sentences": [{"sent_id": 1, "sent": "red star"}, {"sent_id": 2, "sent": "a blue star"}]}]
            """);
        File.WriteAllText(At("instances.json"), """
            {"images": [{"id": 1, "file_name": "1.png", "width": 8, "height": 8}],
             "annotations": [{"id": 1, "image_id": 1, "bbox": [0, 0, 4, 8]}], "categories": []}
            """);
        return $"refcoco:{At("refs.json")}";
    }

    [TestMethod]
    public void A_decoder_learns_boxes_of_sentences_and_is_scored_by_their_overlap()
    {
        Out("head", "train", "answer", "--model", "mini", "--data", "refer:demo", "--images", "24", "--steps", "60", "--batch", "24", "--out",
            At("boxes"), "--device", "cpu", "--val-every", "60", "--log-every", "60");
        Assert.Contains("validation", File.ReadLines(At("boxes/metrics.csv")).First());
        Assert.DoesNotEndWith(",", File.ReadLines(At("boxes/metrics.csv")).Last());
        Out("head", "eval", "answer", "--model", "mini", "--head", At("boxes"), "--data", "refer:demo", "--images", "12", "--device", "cpu",
            "--json", At("s.json"), "--predictions", At("p.json"));
        var scores = Scores();
        Assert.HasCount(3, scores);
        foreach (var score in scores)
            Assert.IsTrue(score.GetProperty("metrics").GetProperty("Acc@0.5").GetDouble() is >= 0 and <= 1);
        Assert.HasCount(scores[0].GetProperty("count").GetInt32(), JsonDocument.Parse(File.ReadAllBytes(At("p.json"))).RootElement.EnumerateArray());
        // Of a head that learned four words the answer to any sentence is a box, in pixels of the image.
        ImageFile.Write(At("one.png"), Images.Noise(64, 32, 1));
        Out("answer", At("one.png"), "--model", "mini", "--head", At("boxes"), "--question", "a red star", "--device", "cpu", "--json", At("a.json"));
        var said = JsonDocument.Parse(File.ReadAllBytes(At("a.json"))).RootElement[0];
        if (said.TryGetProperty("box", out var box)) Assert.IsTrue(box[0].GetDouble() + box[2].GetDouble() <= 64.01);
        else Assert.IsTrue(said.TryGetProperty("answer", out _));
        Assert.Contains("--flip and --min-crop move", Refused("head", "train", "answer", "--model", "mini", "--data", "refer:demo", "--flip", "--out",
            At("no")));
    }

    [TestMethod]
    public void A_detection_head_is_asked_for_sentences()
    {
        Out("head", "train", "detect", "--model", "mini", "--data", "demo", "--images", "16", "--steps", "4", "--batch", "8", "--out", At("finder"),
            "--device", "cpu", "--val-every", "0");
        Out("head", "eval", "detect", "--model", "mini", "--head", At("finder"), "--data", RefCoco(), "--split", "val", "--device", "cpu",
            "--json", At("s.json"), "--overlays", At("o.png"));
        var scores = Scores();
        Assert.HasCount(4, scores);
        Assert.AreEqual(2, scores[3].GetProperty("count").GetInt32());
        // The thing is half of the image, whose whole overlaps it by exactly half.
        Assert.AreEqual(1, scores[0].GetProperty("metrics").GetProperty("Acc@0.5").GetDouble(), 1e-12);
        Assert.AreEqual(0.5, scores[0].GetProperty("metrics").GetProperty("mean IoU").GetDouble(), 1e-12);
        Assert.IsTrue(File.Exists(At("o.png")));
        Assert.Contains("silc head train answer", Refused("head", "train", "detect", "--model", "mini", "--data", "refer:demo", "--out", At("no")));
    }

    [TestMethod]
    public void Options_of_sentences_are_checked()
    {
        var data = RefCoco();
        Assert.Contains("2 sentences about 1 thing in 1 image", Out("data", "labels", "--data", data, "--split", "val"));
        Assert.Contains("needs --split", Refused("data", "labels", "--data", data));
        Assert.Contains("--images is for demo", Refused("head", "train", "answer", "--model", "mini", "--data", data, "--split", "val", "--images",
            "3", "--out", At("no")));
        Assert.Contains("refer:demo:hard", Refused("head", "train", "answer", "--model", "mini", "--data", "refer:else", "--out", At("no")));
        Assert.Contains("--split is for published sets", Refused("head", "train", "answer", "--model", "mini", "--data", "refer:demo", "--split",
            "val", "--out", At("no")));
        Assert.Contains("--split val is for refcoco:", Refused("head", "train", "answer", "--model", "mini", "--data", "demo", "--split", "val",
            "--out", At("no")));
    }
}
