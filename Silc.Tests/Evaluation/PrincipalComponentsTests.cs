namespace Silc.Tests;

[TestClass]
public sealed class PrincipalComponentsTests
{
    [TestMethod]
    public void Coordinates_are_those_along_the_axes_of_an_ellipse()
    {
        // Centre (5, -2, 1); along (0.6, 0.8, 0) the points lie at ±10, along (0.8, -0.6, 0) at ±1, along the third axis nowhere else.
        float[,] rows =
        {
            { 5 + 6, -2 + 8, 1 },
            { 5 - 6, -2 - 8, 1 },
            { 5 + 0.8f, -2 - 0.6f, 1 },
            { 5 - 0.8f, -2 + 0.6f, 1 },
        };
        var projected = PrincipalComponents.Project(rows, 3);
        float[] expected = [10, 0, 0, -10, 0, 0, 0, 1, 0, 0, -1, 0];
        foreach (var (i, value) in projected.Values.ToArray().Index()) Assert.AreEqual(Math.Abs(expected[i]), Math.Abs(value), 1e-5f, $"value {i}");
        Assert.AreEqual(0, projected[0, 0] + projected[1, 0], 1e-5f);
    }

    [TestMethod]
    public void Fewer_rows_than_channels_have_coordinates_and_too_many_components_are_refused()
    {
        var projected = PrincipalComponents.Project(new float[,] { { 0, 0, 0, 0, 3 }, { 0, 0, 0, 0, 1 } }, 3);
        float[] expected = [1, 0, 0, -1, 0, 0];
        foreach (var (i, value) in projected.Values.ToArray().Index()) Assert.AreEqual(expected[i], value, 1e-5f, $"value {i}");
        Assert.ThrowsExactly<ArgumentException>(() => PrincipalComponents.Project(new float[4, 2], 3));
        Assert.ThrowsExactly<ArgumentException>(() => PrincipalComponents.Project(new float[0, 4], 3));
    }
}
