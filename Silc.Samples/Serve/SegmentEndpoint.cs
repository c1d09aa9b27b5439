using System.ComponentModel;
using Microsoft.AspNetCore.Http;
using Silc.Samples.Report;

namespace Silc.Samples.Serve;

/// <summary>A request to name every pixel of an image.</summary>
sealed record SegmentRequest
{
    [Description("The image: base64, a data URI, or a file of the form.")]
    public string? Image { get; init; }

    [Description("In place of an image: that of this row of the index.")]
    public int? Row { get; init; }

    [Description("What to look for.")]
    public string[]? Labels { get; init; }

    [Description("A set of sentences, or sentences with {} for the label, as for /v1/classify.")]
    public string[]? Templates { get; init; }

    [Description("Pixels whose best label is less probable than this are background, which becomes label 0; none are unless given.")]
    public double? Background { get; init; }

    [Description("Pixels of the longer side of the answer, 512 unless given.")]
    public int Side { get; init; } = 512;

    [Description("json (the default); overlay, a PNG with the labels' colours over the image; or labels, a PNG whose grey values are the labels.")]
    public string? Format { get; init; }
}

/// <summary>Labels of pixels, and both images as data URIs.</summary>
sealed record SegmentAnswer(string Model, int Width, int Height, IReadOnlyList<SegmentLabel> Labels, string Overlay, string LabelMap);

/// <summary>A label, its grey value, its colour and its share of the pixels.</summary>
sealed record SegmentLabel(int Value, string Label, string Colour, double Share);

/// <summary><c>POST /v1/segment</c>: segmentation by words alone.</summary>
static class SegmentEndpoint
{
    const int LeastSide = 16, MostSide = 2048, MostLabels = 254;
    const string Png = "image/png";

    public static async Task<IResult> Answer(HttpContext http, ServedModel served, ServedImages images)
    {
        var (request, stop) = (await RequestBody.Read<SegmentRequest>(http), http.RequestAborted);
        served.Check(request.Labels, request.Templates);
        string[] asked = [.. request.Labels!.Distinct()];
        if (asked.Length > MostLabels) throw ServeError.Bad("labels", $"{asked.Length} labels, at most {MostLabels} fit into a label map");
        if (request.Side is < LeastSide or > MostSide)
            throw ServeError.Bad("side", $"side is {request.Side}, it must lie in {LeastSide} to {MostSide}");
        if (request.Background is < 0 or > 1) throw ServeError.Bad("background", "background is a probability, in 0 to 1");
        if (request.Format is not (null or "json" or "overlay" or "labels")) throw ServeError.Bad("format", "format is json, overlay or labels");
        var image = images.Of(request.Image, request.Row);
        var small = Thumbnail.Of(image, request.Side);
        string[] labels = request.Background is null ? asked : ["background", .. asked];
        var map = await served.InTurn(() => Segment(served, request, labels, image, small), stop);
        return Written(served, request, labels, small, map);
    }

    static LabelMap Segment(ServedModel served, SegmentRequest request, string[] labels, RgbImage image, RgbImage small)
    {
        var classes = served.Prototypes(labels, request.Templates);
        // A background is what nothing else is, not what is called so.
        if (request.Background is not null) classes = classes.WithoutFirst();
        return served.Model.Segmenter(classes, threshold: request.Background).Segment(image, small.Width, small.Height);
    }

    static IResult Written(ServedModel served, SegmentRequest request, string[] labels, RgbImage small, LabelMap map)
    {
        Colour ColourOf(int label) => SegmentationPainter.UsualColour(label, request.Background is not null);
        if (request.Format == "labels") return TypedResults.Bytes(LabelMapFile.Encode(map), Png);
        var overlay = ImageFile.Encode(SegmentationPainter.Overlay(small, map, ColourOf));
        if (request.Format == "overlay") return TypedResults.Bytes(overlay, Png);
        var pixels = new long[labels.Length];
        foreach (var label in map.Labels) pixels[label]++;
        return TypedResults.Ok(new SegmentAnswer(served.Id, map.Width, map.Height,
            [.. labels.Select((label, i) => new SegmentLabel(i, label, Hex(ColourOf(i)), pixels[i] / (double)map.Labels.Length))],
            Uri(overlay), Uri(LabelMapFile.Encode(map))));
    }

    static string Hex(Colour colour) => $"#{Byte(colour.R):x2}{Byte(colour.G):x2}{Byte(colour.B):x2}";

    static byte Byte(float value) => (byte)MathF.Round(255 * value);

    static string Uri(byte[] png) => $"data:{Png};base64,{Convert.ToBase64String(png)}";
}
