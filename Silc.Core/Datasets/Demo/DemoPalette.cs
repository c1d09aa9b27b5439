using SkiaSharp;

namespace Silc.Datasets;

/// <summary>The demo's colours, for objects and, muted, for backgrounds.</summary>
static class DemoPalette
{
    static readonly SKColor[] Colours =
    [
        new(220, 40, 40), new(245, 140, 30), new(245, 215, 40), new(50, 165, 70), new(45, 90, 215),
        new(140, 60, 185), new(245, 130, 185), new(250, 250, 250), new(25, 25, 30),
    ];

    static readonly SKColor Grey = new(165, 165, 165);

    public static SKColor Of(DemoColour colour) => Colours[(int)colour];

    /// <summary>The second tone of a texture: darker, or lighter where there is nothing darker.</summary>
    public static SKColor Second(DemoColour colour) =>
        colour == DemoColour.Black ? Drawing.Between(Of(colour), SKColors.White, 0.4f) : Drawing.Between(Of(colour), SKColors.Black, 0.35f);

    /// <summary>The colour mixed with grey and lightened: a background.</summary>
    public static SKColor Muted(DemoColour colour, float lightness) => colour switch
    {
        DemoColour.White => Drawing.Between(Grey, Of(colour), 0.55f + 0.4f * lightness),
        DemoColour.Black => Drawing.Between(Of(colour), Grey, 0.35f * lightness + 0.1f),
        _ => Drawing.Between(Drawing.Between(Of(colour), Grey, 0.35f), SKColors.White, lightness - 0.2f),
    };
}
