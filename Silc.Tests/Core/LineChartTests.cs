namespace Silc.Tests;

[TestClass]
public sealed class LineChartTests : TempFolder
{
    static readonly Colour Red = new(1, 0, 0);

    [TestMethod]
    public void Lines_are_drawn_in_their_colour_from_the_origin_up()
    {
        LineChart.Write(At("chart.png"), "title", "step", "loss", [new("falling", [(1, 4), (50, 2), (100, 1)], Red)]);
        var picture = PictureFile.Read(At("chart.png"));
        var (left, right) = (RedRow(picture, 120), RedRow(picture, 940));
        Assert.IsTrue(left < right, $"a falling line is at row {left} on the left and {right} on the right");
    }

    [TestMethod]
    public void Values_that_are_not_finite_are_left_out_and_no_points_are_an_error()
    {
        LineChart.Write(At("chart.png"), "", "x", "y", [new("gap", [(0, 1), (1, double.NaN), (2, 3)], Red)]);
        Assert.ThrowsExactly<ArgumentException>(() => LineChart.Write(At("none.png"), "", "x", "y", [new("nothing", [(0, double.NaN)], Red)]));
    }

    static int RedRow(Picture picture, int column) =>
        Enumerable.Range(90, picture.Height - 90).First(row => picture.Rgba.AsSpan(4 * (row * picture.Width + column), 3) is [> 200, < 90, < 90]);
}
