using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary><c>--positions</c>: how learned positions are resized for images of another size.</summary>
static class PositionOptions
{
    const string Bilinear = "bilinear", Bicubic = "bicubic";

    public static Option<string?> Create()
    {
        var option = new Option<string?>("--positions")
        {
            Description = "How --image-size resizes positions: bilinear from corner to corner, as big_vision does, or bicubic, as transformers "
                + "and DINO do; "
                + "as where the weights come from unless given.",
            HelpName = $"{Bilinear}|{Bicubic}",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not (Bilinear or Bicubic) } wrong]) result.AddError($"{option.Name} {wrong.Value}: there are "
                + $"{Bilinear}, {Bicubic}");
        });
        return option;
    }

    /// <summary>Null where the line does not say.</summary>
    public static PositionResize? Of(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) switch
    {
        null => null,
        Bilinear => PositionResize.BilinearCorners,
        _ => PositionResize.Bicubic,
    };
}
