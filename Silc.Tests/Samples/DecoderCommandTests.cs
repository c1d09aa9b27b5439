using System.Text.Json;
using Silc.Samples.Evaluation;

namespace Silc.Tests;

/// <summary>Captions and answers on the command line, with the shipped model.</summary>
[TestClass, DoNotParallelize]
public sealed class DecoderCommandTests : TempFolder
{
    string Ok(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of([.. line, "--device", "cpu"]);
        Assert.AreEqual(0, code, error);
        return output;
    }

    string Fails(params string[] line)
    {
        var (code, output, error) = CommandLineRun.Of([.. line, "--device", "cpu"]);
        Assert.AreNotEqual(0, code, output);
        return error;
    }

    string Train(string kind, int steps, params string[] more) => Ok(["head", "train", kind, "--model", "mini", "--data", "demo:hard", "--images",
        "64", "--out", At(kind), "--steps", $"{steps}", "--batch", "16", "--width", "32", "--depth", "1", .. more]);

    static double[] Values(string file, string metric)
    {
        using var scores = JsonDocument.Parse(File.ReadAllText(file));
        return [.. scores.RootElement.GetProperty("scores").EnumerateArray()
            .Select(line => line.GetProperty("metrics").GetProperty(metric).GetDouble())];
    }

    [TestMethod]
    public void CIDEr_is_no_per_cent()
    {
        Assert.AreEqual("318.1", new MetricValue("CIDEr-D", 3.181).Text);
        Assert.AreEqual("", new MetricValue("CIDEr-D", double.NaN).Text);
        Assert.AreEqual("73.3 %", new MetricValue("BLEU-4", 0.733).Text);
    }

    [TestMethod]
    public void Captions_are_trained_measured_and_written()
    {
        Assert.Contains("head     captions, ", Train("caption", 60));
        foreach (var file in new[] { HeadFile.Name, "metrics.csv", "loss.png" }) Assert.IsTrue(File.Exists(At($"caption/{file}")), file);
        Assert.AreEqual(7, File.ReadAllLines(At("caption/metrics.csv")).Length);
        Ok("head", "eval", "caption", "--model", "mini", "--head", At("caption"), "--data", "demo:hard", "--images", "40", "--json", At("s.json"),
            "--predictions", At("p.json"), "--beam", "2");
        // The head, its caption of the next image, the most frequent one, and true colours with random shapes.
        var cider = Values(At("s.json"), "CIDEr-D");
        Assert.HasCount(4, cider);
        Assert.IsGreaterThan(cider[2], cider[3]);
        Assert.HasCount(40, CaptionResults.Read(At("p.json")));
        Ok("head", "eval", "caption", "--model", "mini", "--head", At("caption"), "--data", "demo:hard", "--images", "40", "--json", At("t.json"));
        HeadReports.Check(At("caption"), 40, "CIDEr-D", Values(At("t.json"), "CIDEr-D"), "worst", "first", "validation");

        ImageFile.Write(At("a.png"), new DemoSource(1, 9, 64).Read(0).Image);
        ImageFile.Write(At("b.png"), new DemoSource(2, 9, 64).Read(1).Image);
        var output = Ok("caption", At("a.png"), At("b.png"), "--model", "mini", "--head", At("caption"), "--json", At("c.json"));
        using var written = JsonDocument.Parse(File.ReadAllText(At("c.json")));
        Assert.AreEqual(2, written.RootElement.GetArrayLength());
        foreach (var one in written.RootElement.EnumerateArray())
            Assert.Contains($"{one.GetProperty("image").GetString()}: {one.GetProperty("caption").GetString()}", output);
        Assert.AreEqual('[', Ok("caption", At("a.png"), "--model", "mini", "--head", At("caption"), "--json")[0]);
        Assert.Contains("writes captions", Fails("answer", At("a.png"), "--model", "mini", "--head", At("caption"), "--question", "what is it?"));
        Assert.Contains("writes captions", Fails("head", "eval", "answer", "--model", "mini", "--head", At("caption"), "--data", "demo"));
        Assert.Contains("holds a head already", Fails("head", "train", "caption", "--model", "mini", "--data", "demo", "--out", At("caption")));
        Assert.Contains("a.png", Fails("caption", At("a.png"), "--model", "mini", "--head", At("caption"), "--json", At("a.png")));
    }

    [TestMethod]
    public void Answers_are_trained_measured_and_written()
    {
        Assert.Contains("questions", Train("answer", 4, "--save-every", "2"));
        // From step 4 to step 6.
        Assert.Contains("resumed  after step 4", Train("answer", 6, "--resume"));
        Ok("head", "eval", "answer", "--model", "mini", "--head", At("answer"), "--data", "demo:hard", "--images", "30", "--json", At("s.json"),
            "--predictions", At("p.json"));
        foreach (var type in new[] { "overall", "colour", "shape", "count", "exists", "relation" }) Assert.HasCount(3, Values(At("s.json"), type));
        HeadReports.Check(At("answer"), 30, "overall", Values(At("s.json"), "overall"), "worst", "first", "validation");
        Assert.HasCount(new DemoQuestions(30, 1_000_003, 64).Count, AnswerResults.Read(At("p.json")));

        ImageFile.Write(At("a.png"), new DemoSource(1, 9, 64).Read(0).Image);
        var (code, output, error) = CommandLineRun.Of("answer", At("a.png"), "--model", "mini", "--head", At("answer"), "--question",
            "how many zebras are there?", "--question", "which shape is red?", "--choices", "star, circle", "--device", "cpu");
        Assert.AreEqual(0, code, error);
        Assert.Contains("zebras", error);
        var lines = output.Trim().Split('\n');
        Assert.HasCount(2, lines);
        Assert.IsTrue(lines.All(line => line.EndsWith("star", StringComparison.Ordinal) || line.EndsWith("circle", StringComparison.Ordinal)));
        Assert.Contains("'zebra'", Fails("answer", At("a.png"), "--model", "mini", "--head", At("answer"), "--question", "is it?", "--choices",
            "zebra"));
        Assert.Contains("questions are those of demo",
            Fails("head", "eval", "answer", "--model", "mini", "--head", At("answer"), "--data", "photos"));
        Assert.Contains("--image-folder is for vqa:", Fails("head", "eval", "answer", "--model", "mini", "--head", At("answer"), "--data", "demo",
            "--image-folder", Root));
        Assert.Contains("--images is for demo", Fails("head", "train", "caption", "--model", "mini", "--data", Root, "--images", "3", "--out",
            At("new")));
    }
}
