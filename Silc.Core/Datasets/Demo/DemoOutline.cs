using SkiaSharp;

namespace Silc.Datasets;

/// <summary>The demo's shapes as paths in the square from -1 to 1, y downwards.</summary>
static class DemoOutline
{
    // Made once: a Skia path is safe to read from several threads as long as nobody changes it.
    static readonly SKPath[] Paths = [.. Enum.GetValues<DemoShape>().Select(Make)];

    public static SKPath Of(DemoShape shape) => Paths[(int)shape];

    static SKPath Make(DemoShape shape) => shape switch
    {
        DemoShape.Circle => Build(path => path.AddCircle(0, 0, 1)),
        DemoShape.Square => Build(path => path.AddRect(new SKRect(-0.9f, -0.9f, 0.9f, 0.9f))),
        DemoShape.Triangle => Polygon(3, 1.1f, 0.15f),
        DemoShape.Star => Star(),
        DemoShape.Heart => SKPath.ParseSvgPathData("M0 .95 C-1.5 -.15 -.85 -1.2 0 -.5 C.85 -1.2 1.5 -.15 0 .95Z"),
        DemoShape.Ring => Cut(Build(path => path.AddCircle(0, 0, 1)), Build(path => path.AddCircle(0, 0, 0.52f))),
        DemoShape.Cross => SKPath.ParseSvgPathData("M-.33 -1H.33V-.33H1V.33H.33V1H-.33V.33H-1V-.33H-.33Z"),
        DemoShape.Crescent => Cut(Build(path => path.AddCircle(0, 0, 1)), Build(path => path.AddCircle(0.5f, -0.15f, 0.8f))),
        DemoShape.Diamond => SKPath.ParseSvgPathData("M0 -1L.68 0L0 1L-.68 0Z"),
        DemoShape.Hexagon => Polygon(6, 1, 0),
        DemoShape.Arrow => SKPath.ParseSvgPathData("M-1 -.3H.1V-.8L1 0L.1 .8V.3H-1Z"),
        DemoShape.Flower => Flower(),
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "not a demo shape"),
    };

    static SKPath Polygon(int corners, float radius, float down) => Build(path => path.AddPoly(
        [.. Enumerable.Range(0, corners).Select(i => Polar(radius, i / (double)corners, down))], close: true));

    // 0.42: a little fatter than the pentagram's 0.38, so that small stars stay recognisable.
    static SKPath Star() => Build(path => path.AddPoly(
        [.. Enumerable.Range(0, 10).Select(i => Polar(i % 2 == 0 ? 1.05f : 0.42f * 1.05f, i / 10.0, 0.05f))], close: true));

    static SKPath Flower() => Build(path =>
    {
        path.AddCircle(0, 0, 0.4f);
        for (var petal = 0; petal < 6; petal++)
        {
            var at = Polar(0.65f, petal / 6.0, 0);
            path.AddCircle(at.X, at.Y, 0.35f);
        }
    });

    static SKPoint Polar(float radius, double revolutions, float down)
    {
        var (sin, cos) = Math.SinCos(2 * Math.PI * revolutions);
        return new SKPoint((float)(radius * sin), (float)(-radius * cos) + down);
    }

    static SKPath Cut(SKPath whole, SKPath hole)
    {
        using (whole)
        using (hole)
            return whole.Op(hole, SKPathOp.Difference);
    }

    static SKPath Build(Action<SKPathBuilder> add)
    {
        using var builder = new SKPathBuilder();
        add(builder);
        return builder.Detach();
    }
}
