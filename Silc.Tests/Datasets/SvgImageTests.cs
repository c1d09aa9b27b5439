namespace Silc.Tests;

/// <summary>Pixels of small hand-made SVGs on a 16 x 16 view box.</summary>
[TestClass]
public sealed class SvgImageTests
{
    const string Red = "#ff0000ff", Green = "#00ff00ff", Blue = "#0000ffff", Black = "#000000ff", Nothing = "#00000000";

    [TestMethod]
    [DataRow("<path fill='#f00' d='M0 0h8v16h-8z'/>", 4, 8, Red)]
    [DataRow("<path fill='#f00' d='M0 0h8v16h-8z'/>", 12, 8, Nothing)]
    [DataRow("<rect width='16' height='16' rx='8' fill='blue'/>", 0, 0, Nothing)]
    [DataRow("<rect width='16' height='16' rx='8' fill='blue'/>", 8, 8, Blue)]
    [DataRow("<circle cx='8' cy='8' r='4'/>", 8, 5, Black)]
    [DataRow("<circle cx='8' cy='8' r='4'/>", 8, 2, Nothing)]
    [DataRow("<ellipse cx='8' cy='8' rx='8' ry='2' fill='rgb(255,0,0)'/>", 3, 8, Red)]
    [DataRow("<ellipse cx='8' cy='8' rx='8' ry='2' fill='rgb(255,0,0)'/>", 8, 4, Nothing)]
    [DataRow("<polygon points='0,0 16,0 0,16' fill='lime'/>", 3, 3, Green)]
    [DataRow("<polygon points='0,0 16,0 0,16' fill='lime'/>", 13, 13, Nothing)]
    [DataRow("<line x1='0' y1='8' x2='16' y2='8' stroke='#f00' stroke-width='4'/>", 8, 9, Red)]
    [DataRow("<polyline points='2,2 14,2 14,14' fill='none' stroke='#f00' stroke-width='4'/>", 13, 8, Red)]
    [DataRow("<polyline points='2,2 14,2 14,14' fill='none' stroke='#f00' stroke-width='4'/>", 9, 7, Nothing)]
    [DataRow("<path fill-rule='evenodd' d='M0 0h16v16h-16zM4 4h8v8h-8z'/>", 8, 8, Nothing)]
    [DataRow("<path d='M0 0h16v16h-16zM4 4h8v8h-8z'/>", 8, 8, Black)]
    [DataRow("<path fill='#f00' d='M0 8a8 8 0 1116 0z'/>", 8, 3, Red)]
    public void ShapesAreFilledAndStroked(string body, int x, int y, string expected) =>
        Assert.AreEqual(expected, Pixel(body, x, y));

    [TestMethod]
    [DataRow("<g fill='#f00' stroke='none'><rect width='16' height='16'/></g>", Red)]
    [DataRow("<g fill='#f00'><rect width='16' height='16' fill='#0f0' style='fill:#00f'/></g>", Blue)]
    [DataRow("<g color='#0f0'><rect width='16' height='16' fill='currentColor'/></g>", Green)]
    [DataRow("<rect width='16' height='16' fill='#f00' display='none'/>", Nothing)]
    [DataRow("<defs><rect id='a' width='4' height='4'/></defs><use href='#a' x='6' y='6' fill='#f00'/>", Red)]
    [DataRow("<symbol id='a' viewBox='0 0 2 2'><rect width='2' height='2' fill='#f00'/></symbol><use href='#a'/>", Red)]
    [DataRow("<clipPath id='a'><rect width='4' height='4'/></clipPath><circle r='16' clip-path='url(#a)'/>", Nothing)]
    [DataRow("<clipPath id='a'><use href='#b'/></clipPath><rect id='b' x='6' width='6' height='16' fill='#f00'/>"
        + "<circle r='16' clip-path='url(#a)'/>", Black)]
    [DataRow("<mask id='a'><rect width='6' height='16' fill='#fff'/></mask><circle r='16' mask='url(#a)'/>", Nothing)]
    [DataRow("<rect width='4' height='4' fill='#f00' transform='translate(6 6)'/>", Red)]
    [DataRow("<rect width='4' height='4' fill='#f00' transform='rotate(90 8 8)scale(4)'/>", Red)]
    [DataRow("<rect width='4' height='4' fill='#f00' transform='matrix(1 0 0 1 6 6)'/>", Red)]
    [DataRow("<use href='#a' id='a'/>", Nothing)]
    public void StyleAndReferencesReachTheMiddle(string body, string expected) => Assert.AreEqual(expected, Pixel(body, 8, 8));

    [TestMethod]
    public void OpacityOfAGroupIsAppliedToTheWhole()
    {
        const string Both = "<rect width='16' height='16' fill='#f00'/><rect width='16' height='16' fill='#00f'/>";
        Assert.AreEqual("#0000ff80", Pixel($"<g opacity='.5'>{Both}</g>", 8, 8));
    }

    [TestMethod]
    public void GradientsRunBetweenTheirStops()
    {
        const string Stops = "<stop offset='0' stop-color='#f00'/><stop offset='100%' stop-color='#00f'/>";
        var linear = $"<linearGradient id='a'>{Stops}</linearGradient><rect width='16' height='16' fill='url(#a)'/>";
        Assert.IsTrue(Channels(linear, 0, 8)[0] > 240 && Channels(linear, 15, 8)[2] > 240);
        var turned = $"<linearGradient id='b'>{Stops}</linearGradient>"
            + "<linearGradient id='a' gradientUnits='userSpaceOnUse' x1='0' x2='16' gradientTransform='rotate(90)' href='#b'/>"
            + "<rect width='16' height='16' fill='url(#a)'/>";
        Assert.IsTrue(Channels(turned, 8, 0)[0] > 240 && Channels(turned, 8, 15)[2] > 240);
        var radial = $"<radialGradient id='a'>{Stops}</radialGradient><rect width='16' height='16' fill='url(#a)'/>";
        Assert.IsTrue(Channels(radial, 8, 8)[0] > 220 && Channels(radial, 0, 8)[2] > 220);
    }

    [TestMethod]
    public void BadTextIsNamed()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => SvgImage.Parse("<html/>")).Message, "html");
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => SvgImage.Parse("<svg")).Message, "XML");
        var colour = Assert.ThrowsExactly<FormatException>(() => Pixel("<rect width='9' height='9' fill='#12'/>", 0, 0));
        StringAssert.Contains(colour.Message, "#12");
    }

    static string Pixel(string body, int x, int y) => "#" + Convert.ToHexStringLower(Channels(body, x, y));

    static byte[] Channels(string body, int x, int y)
    {
        var text = $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{body}</svg>";
        var image = SvgImage.Parse(text).Render(16, 16);
        return image.Rgba.AsSpan(4 * (16 * y + x), 4).ToArray();
    }
}
