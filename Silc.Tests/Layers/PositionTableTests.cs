namespace Silc.Tests;

[TestClass]
public sealed class PositionTableTests
{
    [TestMethod]
    public void The_same_grid_is_the_identity()
    {
        foreach (var kind in Enum.GetValues<PositionResize>())
        {
            var r = PositionResizer.Matrix(5, 5, kind);
            for (int i = 0; i < 25; i++)
                for (int j = 0; j < 25; j++) Assert.AreEqual(i == j ? 1 : 0, r[i * 25 + j], 1e-7f, $"{kind} [{i}, {j}]");
        }
    }

    [TestMethod]
    public void Every_row_sums_to_one()
    {
        foreach (var kind in Enum.GetValues<PositionResize>())
            foreach (var (from, to) in new[] { (16, 6), (6, 16), (1, 3), (3, 1), (14, 7) })
            {
                var r = PositionResizer.Matrix(from, to, kind);
                for (int i = 0; i < to * to; i++)
                    Assert.AreEqual(1, r.Skip(i * from * from).Take(from * from).Sum(x => (double)x), 1e-6, $"{kind}, {from} to {to}, row {i}");
            }
    }

    /// <summary>torch.nn.functional.interpolate(arange(4).view(1, 1, 1, 4), size=(1, 2), mode="bicubic") is [0.4062, 2.5938].</summary>
    [TestMethod]
    public void Bicubic_is_PyTorchs()
    {
        var r = PositionResizer.Matrix(4, 2, PositionResize.Bicubic);
        // Column values 0, 1, 2, 3 in every row of the grid: the resize across rows changes nothing.
        double At(int i) => Enumerable.Range(0, 16).Sum(j => r[i * 16 + j] * (double)(j % 4));
        Assert.AreEqual(0.40625, At(0), 1e-6);
        Assert.AreEqual(2.59375, At(1), 1e-6);
    }
}
