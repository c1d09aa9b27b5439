using System.Xml.Linq;
using Silc.Samples.Plots;

namespace Silc.Tests;

[TestClass]
public sealed class LinePlotTests : TempFolder
{
    static readonly Colour Red = new(1, 0, 0);

    static LinePlot Plot(string title, params (double X, double Y)[] points) =>
        new("plot", title, "loss", [new("falling & <b>", points, Red), new("level", [(1, 1), (100, 1)], Red, Dashed: true)]);

    [TestMethod]
    public void Lines_are_drawn_in_their_colour_from_the_origin_up()
    {
        (Plot("title", (1, 4), (50, 2), (100, 1)) with { Lines = [new("falling", [(1, 4), (50, 2), (100, 1)], Red)] }).WritePng(At("plot.png"));
        var image = ImageFile.Read(At("plot.png"));
        var (left, right) = (RedRow(image, 140), RedRow(image, 940));
        Assert.IsTrue(left < right, $"a falling line is at row {left} on the left and {right} on the right");
    }

    [TestMethod]
    public void Letters_are_drawn_on_machines_without_fonts()
    {
        Plot("", (1, 4), (100, 1)).WritePng(At("without.png"));
        Plot("WWWWWWWW", (1, 4), (100, 1)).WritePng(At("with.png"));
        int Dark(string file) => ImageFile.Read(At(file)).Rgba.Chunk(4).Count(pixel => pixel[0] < 128 && pixel[1] < 128);
        Assert.IsGreaterThan(Dark("without.png") + 300, Dark("with.png"));
    }

    [TestMethod]
    public void Values_that_are_not_finite_are_left_out_and_without_points_nothing_is_written()
    {
        (Plot("") with { Lines = [new("gap", [(0, 1), (1, double.NaN), (2, 3)], Red)] }).WritePng(At("gap.png"));
        Assert.IsTrue(File.Exists(At("gap.png")));
        (Plot("") with { Lines = [new("nothing", [(0, double.NaN)], Red)] }).WritePng(At("none.png"));
        Assert.IsFalse(File.Exists(At("none.png")));
    }

    [TestMethod]
    public void A_plot_in_a_page_is_XML_whatever_its_names_hold()
    {
        var svg = XElement.Parse(Plot("title", (1, 4), (100, 1)).Svg(400, 300));
        Assert.Contains("falling & <b>", svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value).ToList());
    }

    static int RedRow(RgbImage image, int column) =>
        Enumerable.Range(90, image.Height - 90).First(row => image.Rgba.AsSpan(4 * (row * image.Width + column), 3) is [> 200, < 90, < 90]);
}
