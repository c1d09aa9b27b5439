namespace Silc.Tests;

[TestClass]
public sealed class BoxTests
{
    [TestMethod]
    public void Overlaps_by_hand()
    {
        Assert.AreEqual(1 / 7.0, new Box(0, 0, 2, 2).Iou(new(1, 1, 2, 2)), 1e-15);
        Assert.AreEqual(0, new Box(0, 0, 1, 1).Iou(new(1, 0, 1, 1)), "boxes that touch share nothing");
        Assert.AreEqual(0, new Box(3, 3, 0, 0).Iou(new(3, 3, 0, 0)), "two empty boxes");
        Assert.AreEqual(1 / 7.0 - 2 / 9.0, new Box(0, 0, 2, 2).Giou(new(1, 1, 2, 2)), 1e-6);
        Assert.AreEqual(-1 / 3.0, new Box(0, 0, 1, 1).Giou(new(2, 0, 1, 1)), 1e-6);
        Assert.AreEqual(1, new Box(0, 0, 1, 1).Giou(new(0, 0, 1, 1)), 2e-6);
        Assert.AreEqual(new Box(1, 2, 4, 6), Box.FromCentre(3, 5, 4, 6));
    }

    [TestMethod]
    public void A_box_is_cut_at_the_borders()
    {
        Assert.AreEqual(new Box(0, 0, 3, 5), new Box(-2, -1, 5, 6).Clip(10, 10));
        Assert.AreEqual(new Box(8, 9, 2, 1), new Box(8, 9, 20, 20).Clip(10, 10));
        Assert.IsNull(new Box(10, 0, 5, 5).Clip(10, 10));
        Assert.IsNull(new Box(0, 0, 0, 5).Clip(10, 10));
    }
}
