using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Silc.Tests;

/// <summary><c>silc report</c> as its user sees it: one page, whole by itself.</summary>
[TestClass, DoNotParallelize]
public sealed partial class ReportCommandTests
{
    static readonly string[] Hostile =
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a & b < c", "'); --", "</section></main>", "{0} {{}} %s"];

    static readonly Scratch scratch = new();

    static string At(string name) => Path.Combine(scratch.Path, name);

    // A run on the demo and one on captions that would like to be markup; both with their reports.
    [ClassInitialize]
    public static void Train(TestContext _)
    {
        Run([.. TrainLine("demo"), "--data", "demo"]);
        Run("report", At("demo"), "--device", "cpu");
        for (int i = 0; i < 8; i++) ImageFile.Write(At($"{i}.png"), Images.Noise(40, 30, i));
        string Cell(int i) => Hostile[i % Hostile.Length].Replace("\"", "\"\"");
        File.WriteAllLines(At("table.csv"), Enumerable.Range(0, 8).Select(i => $"{i}.png,\"{Cell(i)}\"").Prepend("filepath,title"));
        Run([.. TrainLine("hostile & <b>"), "--data", At("table.csv")]);
        Run("report", At("hostile & <b>"), "--data", At("table.csv"), "--device", "cpu", "--out", At("pages/hostile.html"));
    }

    [ClassCleanup]
    public static void Clean() => scratch.Dispose();

    static string[] TrainLine(string folder) =>
    [
        "train", "--steps", "3", "--batch", "4", "--image-size", "32", "--text-length", "24", "--local-views", "1", "--log-every", "1",
        "--device", "cpu", "--out", At(folder),
    ];

    [TestMethod]
    [DataRow("demo/report.html")]
    [DataRow("pages/hostile.html")]
    public void Every_image_is_inside_the_page_and_has_words_for_those_who_do_not_see_it(string page)
    {
        var html = File.ReadAllText(At(page));
        var images = ImageTag().Matches(html);
        Assert.IsGreaterThan(15, images.Count);
        foreach (Match image in images)
        {
            var (source, alt) = (Attribute("src", image.Value), Attribute("alt", image.Value));
            Assert.IsGreaterThan(5, alt.Length, image.Value[..80]);
            var bytes = Convert.FromBase64String(source[(source.IndexOf(',') + 1)..]);
            if (source.StartsWith("data:image/png;base64,", StringComparison.Ordinal)) Assert.IsGreaterThan(1, ImageFile.Decode(bytes, alt).Width);
            else if (source.StartsWith("data:image/svg+xml;base64,", StringComparison.Ordinal))
                Assert.IsNotEmpty(XDocument.Load(new MemoryStream(bytes)).Descendants().Where(element => element.Name.LocalName == "polyline"), alt);
            else Assert.Fail(source[..40]);
        }
        foreach (var reference in new[] { "http:", "https:", "<script", "<link", "@import" }) Assert.DoesNotContain(reference, WithoutImages(html));
    }

    [TestMethod]
    public void Every_figure_of_the_last_row_stands_there_with_command_versions_and_scores()
    {
        var html = WithoutImages(File.ReadAllText(At("demo/report.html")));
        foreach (var field in File.ReadAllLines(At("demo/metrics.csv"))[^1].Split(',')) Assert.Contains($"<td>{field}</td>", html);
        foreach (var words in new[]
        {
            "silc train --data demo --steps 3 --batch 4 --device cpu", $"Silc {Checkpoint.LibraryVersion}", $"{Environment.Version}", "ILGPU 1.5",
            "cpu (CPU", "chance 1.386", "of which activations", "4 a step", "zero-shot by text", "chance, one guess", "caption to image",
            "10 nearest neighbours", "last-block values", "id=\"confusion\"", "id=\"retrieval\"", "id=\"segmentation\"", "id=\"patches\"",
        }) Assert.Contains(words, html);
    }

    [TestMethod]
    public void The_plots_lie_beside_it_as_PNG()
    {
        string[] expected =
        [
            "center-norm", "concentration", "confusion-1", "data-wait-share", "feature-deviation", "feature-dimensions", "gradient-norm",
            "groups-told", "largest-probability",
            "learning-rate", "loss", "loss-over-log-k", "mean-entropy", "patches", "peak-memory-mib", "prototypes-used", "retrieval-1",
            "samples-per-second",
            "segmentation", "teacher-entropy", "temperature",
        ];
        CollectionAssert.AreEquivalent(expected, Directory.GetFiles(At("demo/report")).Select(Path.GetFileNameWithoutExtension).ToArray());
        foreach (var file in Directory.GetFiles(At("demo/report"))) Assert.IsGreaterThan(300, ImageFile.Read(file).Width, file);
        Assert.IsTrue(File.Exists(At("pages/hostile/retrieval-1.png")));
    }

    [TestMethod]
    public void Captions_and_names_stay_words()
    {
        var html = WithoutImages(File.ReadAllText(At("pages/hostile.html")));
        foreach (var words in Hostile.Append("hostile & <b>"))
        {
            Assert.Contains(WebUtility.HtmlEncode(words), html);
            if (WebUtility.HtmlEncode(words) != words) Assert.DoesNotContain(words, html);
        }
    }

    [TestMethod]
    [DataRow("demo/report.html")]
    [DataRow("pages/hostile.html")]
    public void A_browser_shows_every_image_and_has_nothing_to_complain_of(string page)
    {
        var (found, console) = Browser.Open(At(page));
        Assert.AreEqual($"{ImageTag().Count(File.ReadAllText(At(page)))} images, 0 broken, 0 fetched, 0 errors", found);
        Assert.AreEqual("", console);
    }

    [TestMethod]
    public void A_browser_would_show_what_is_wrong()
    {
        const string wrong = "<img src=\"data:image/png;base64,AAAA\"><img src=\"https://example.invalid/a.png\">";
        File.WriteAllText(At("wrong.html"), File.ReadAllText(At("pages/hostile.html")).Replace("<main>", $"<main>{wrong}"));
        var (found, console) = Browser.Open(At("wrong.html"));
        Assert.Contains(" 2 broken, ", found);
        Assert.DoesNotContain(" 0 errors", found);
        Assert.Contains("example.invalid", console);
    }

    [TestMethod]
    public void A_run_at_work_or_stopped_gives_a_page_of_what_there_is()
    {
        Copy("hostile & <b>", "stopped");
        File.Delete(At("stopped/model.safetensors"));
        var output = Run("report", At("stopped"), "--data", At("table.csv"), "--device", "cpu");
        Assert.Contains("there is no model.safetensors yet: what is measured is the checkpoint after step 3", output);
        Assert.Contains("id=\"retrieval\"", File.ReadAllText(At("stopped/report.html")));

        Directory.Delete(At("stopped/checkpoints"), recursive: true);
        output = Run("report", At("stopped"));
        Assert.Contains("note     there is neither a checkpoint nor model.safetensors yet", output);
        var html = File.ReadAllText(At("stopped/report.html"));
        Assert.Contains("there is neither a checkpoint", html);
        Assert.Contains("id=\"losses\"", html);
        Assert.DoesNotContain("id=\"retrieval\"", html);
    }

    [TestMethod]
    public void Images_that_were_trained_on_are_looked_at_but_give_no_scores()
    {
        Copy("hostile & <b>", "own");
        Assert.Contains("no scores: images that it was trained on say little", Run("report", At("own"), "--device", "cpu"));
        var html = File.ReadAllText(At("own/report.html"));
        Assert.Contains("id=\"patches\"", html);
        Assert.DoesNotContain("id=\"evaluation\"", html);
        File.Move(At("table.csv"), At("moved.csv"));
        try
        {
            Assert.Contains("the run's data cannot be read", Run("report", At("own"), "--device", "cpu"));
        }
        finally
        {
            File.Move(At("moved.csv"), At("table.csv"));
        }
    }

    [TestMethod]
    [DataRow("report {0}/nowhere", "nowhere: no such folder")]
    [DataRow("report {0}/empty", "is no run: it has neither metrics.csv nor checkpoints nor model.safetensors")]
    [DataRow("report {0}/demo --out page.pdf", "--out page.pdf: name a FILE.html")]
    [DataRow("report {0}/demo --caption-column a", "--caption-column says how to read --data")]
    [DataRow("report {0}/demo --data nowhere.csv", "--data nowhere.csv: no such file")]
    public void What_cannot_be_done_is_named_in_one_line(string line, string named)
    {
        Directory.CreateDirectory(At("empty"));
        var (code, _, error) = CommandLineRun.Of(line.Replace("{0}", scratch.Path).Split(' '));
        Assert.AreEqual(SilcCommand.Failed, code);
        Assert.Contains(named, error);
        Assert.HasCount(1, error.Trim().Split('\n'));
    }

    static string Run(params string[] args)
    {
        var (code, output, error) = CommandLineRun.Of(args);
        Assert.AreEqual(0, code, error);
        return output;
    }

    static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(At(from), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(At(to), Path.GetRelativePath(At(from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    static string WithoutImages(string html) => ImageTag().Replace(html, "");

    static string Attribute(string name, string tag) => Regex.Match(tag, $" {name}=\"([^\"]*)\"").Groups[1].Value;

    [GeneratedRegex("<img [^>]*>")]
    private static partial Regex ImageTag();
}
