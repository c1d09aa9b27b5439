using System.Text.RegularExpressions;
using Silc.Samples.Evaluation;

namespace Silc.Tests;

/// <summary>What a report of a head must hold.</summary>
static partial class HeadReports
{
    /// <summary>Reports on a head, asked about so many scenes: the page has these scores, pictures with words for each, and the files.</summary>
    public static void Check(string folder, int images, string metric, IReadOnlyList<double> scores, params string[] files)
    {
        var (code, output, error) = CommandLineRun.Of("report", folder, "--images", $"{images}", "--device", "cpu");
        Assert.AreEqual(0, code, output + error);
        Assert.DoesNotContain("note ", output);
        var page = File.ReadAllText(Path.Combine(folder, "report.html"));
        foreach (var score in scores) Assert.Contains($"<b>{new MetricValue(metric, score).Text}</b>", page);
        foreach (var words in new[] { "The worst mistakes", "As they come", "silc head train", "silc head eval" }) Assert.Contains(words, page);
        foreach (var file in files) Assert.IsTrue(SheetFile.IsSheet(Path.Combine(folder, "report", $"{file}.png")), file);
        var shown = Image().Matches(page);
        Assert.IsGreaterThanOrEqualTo(2 * Math.Min(8, images), shown.Count);
        foreach (Match image in shown) Assert.IsGreaterThan(5, image.Groups[1].Length);
        // Nothing is measured where nobody asks for it, and what there is stays.
        (code, output, error) = CommandLineRun.Of("report", folder, "--no-eval", "--out", Path.Combine(folder, "bare.html"));
        Assert.AreEqual(0, code, output + error);
        Assert.DoesNotContain("The worst mistakes", File.ReadAllText(Path.Combine(folder, "bare.html")));
    }

    [GeneratedRegex("<img[^>]* alt=\"([^\"]*)\"")]
    private static partial Regex Image();
}
