namespace Silc.Tests;

[TestClass]
public sealed class PhiloxTests
{
    [TestMethod]
    public void MatchesTheKnownAnswersOfRandom123()
    {
        const uint F = 0xffffffff;
        Assert.AreEqual((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Words(0, 0, 0, 0, 0, 0));
        Assert.AreEqual((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu), Philox.Words(F, F, F, F, F, F));
        Assert.AreEqual((0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            Philox.Words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    [TestMethod]
    public void DrawsAreTheCountersInOrder()
    {
        var random = new Philox(0x0000_0002_0000_0001, 0x0000_0004_0000_0003);
        uint[] drawn = [.. Enumerable.Range(0, 8).Select(_ => random.NextUInt())];
        var (first, second) = (Philox.Words(0, 0, 3, 4, 1, 2), Philox.Words(1, 0, 3, 4, 1, 2));
        CollectionAssert.AreEqual(
            new[] { first.X, first.Y, first.Z, first.W, second.X, second.Y, second.Z, second.W }, drawn);
    }

    [TestMethod]
    public void UniformNormalAndIntegerDrawsHaveTheirMoments()
    {
        var random = new Philox(7, 1);
        const int Draws = 200_000;
        double uniform = 0, mean = 0, square = 0;
        var counts = new int[5];
        for (var i = 0; i < Draws; i++)
        {
            uniform += random.Uniform(-1, 3) / Draws;
            var normal = random.Normal();
            mean += normal / Draws;
            square += normal * normal / Draws;
            counts[random.NextInt(5)]++;
            Assert.IsInRange(0f, 0.99999994f, random.NextFloat());
        }
        Assert.AreEqual(1, uniform, 0.015);     // five standard errors: 4 / sqrt(12 · 200,000) = 0.0026
        Assert.AreEqual(0, mean, 0.012);        // 1 / sqrt(200,000) = 0.0022
        Assert.AreEqual(1, square, 0.016);      // sqrt(2 / 200,000) = 0.0032
        foreach (var count in counts) Assert.AreEqual(Draws / 5, count, 900);   // sqrt(200,000 · 0.2 · 0.8) = 179
    }

    [TestMethod]
    public void AnEmptyRangeIsRefused() => Assert.ThrowsExactly<ArgumentException>(() => new Philox(1).NextInt(0));
}
