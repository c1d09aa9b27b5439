using System.Globalization;

namespace Silc;

/// <summary>
/// How images become the pixels that a model is evaluated on. Models score best on pixels made as in their training,
/// so each origin has a rule of its own, which travels with the model: <see cref="Own"/>, <see cref="BigVision"/>,
/// <see cref="HuggingFace"/> and <see cref="OpenClip"/>. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Filter">How images are resized.</param>
/// <param name="Square">
/// Thousandths of the resized square's side that the model's square takes, cut from its middle: 875 is
/// big_vision's <c>square875</c>, which resizes to int(R / 0.875) and cuts R out. 1000 keeps everything.
/// </param>
/// <param name="Background">
/// What shows through transparent pixels: <c>grey</c>, <c>white</c>, <c>black</c> or
/// <c>#rrggbb</c>; <c>drop</c> leaves alpha out, so that pixels show the colour which they hide.
/// </param>
/// <param name="Positions">How learned positions are resized for images of another size; null as for local views.</param>
/// <param name="CenterDown">
/// Where the middle cut out by <see cref="EvalCrop.Center"/> begins if an odd number of pixels is left over: half of it rounded down, as in
/// transformers and big_vision; else rounded to the even neighbour, as in torchvision.
/// </param>
public sealed record ImageRule(EvalFilter Filter = EvalFilter.Bicubic, int Square = ImageRule.Whole, string Background = ImageRule.Grey,
    PositionResize? Positions = null, bool CenterDown = false)
{
    /// <summary>The value of <see cref="Square"/> that cuts nothing off.</summary>
    public const int Whole = 1000;

    internal const string Drop = "drop", Grey = "grey", White = "white";

    const string SquareName = "square", SquashName = "squash";

    static readonly (EvalFilter Filter, string Name, string Words)[] filters =
    [
        (EvalFilter.Bicubic, "bicubic", "bicubic with antialias"),
        (EvalFilter.Bilinear, "bilinear", "bilinear with antialias"),
        (EvalFilter.Tf, "tf", "bilinear without antialias, cut to bytes (big_vision)"),
        (EvalFilter.Pil, "pil", "PIL's bicubic (transformers, open_clip)"),
        (EvalFilter.PilBilinear, "pil-bilinear", "PIL's bilinear (transformers)"),
    ];

    /// <summary>Models that Silc trained: antialiased bicubic over mid-grey.</summary>
    public static ImageRule Own { get; } = new();

    /// <summary>
    /// Weights of big_vision, SILC's and SigLIP's: TensorFlow's resize, alpha left out, positions resized bilinearly from corner to corner.
    /// </summary>
    public static ImageRule BigVision { get; } = new(EvalFilter.Tf, Background: Drop, Positions: PositionResize.BilinearCorners,
        CenterDown: true);

    /// <summary>
    /// Weights of transformers: PIL's bicubic, and transparent pixels over white as its processors since 5 have them; those before left alpha out.
    /// </summary>
    public static ImageRule HuggingFace { get; } = new(EvalFilter.Pil, Background: White, CenterDown: true);

    /// <summary>Weights of open_clip: PIL's bicubic after <c>convert("RGB")</c>, which leaves alpha out.</summary>
    public static ImageRule OpenClip { get; } = new(EvalFilter.Pil, Background: Drop);

    /// <summary>Names of filters that <see cref="WithResize"/> knows.</summary>
    public static IReadOnlyList<string> FilterNames { get; } = [.. filters.Select(row => row.Name)];

    /// <summary>Filter and square as <see cref="WithResize"/> takes them: <c>tf</c>, <c>tf+square875</c>.</summary>
    public string Resize => Square == Whole ? Row.Name : string.Create(CultureInfo.InvariantCulture, $"{Row.Name}+{SquareName}{Square:D3}");

    /// <summary>
    /// This rule with another resize: a filter's name, <c>square</c> or <c>squash</c> with digits behind a decimal point as <c>square875</c>, or both
    /// joined by a plus sign. What is not named stays.
    /// </summary>
    /// <exception cref="ArgumentException">No such resize; the message lists them.</exception>
    public ImageRule WithResize(string given)
    {
        var rule = this with { Square = Whole };
        foreach (var part in given.ToLowerInvariant().Split('+'))
            rule = filters.Where(row => row.Name == part).Select(row => rule with { Filter = row.Filter }).FirstOrDefault()
                ?? (SquareOf(part) is { } square ? rule with { Square = square } : null)
                ?? throw new ArgumentException($"there is no resize '{given}': say {string.Join(", ", FilterNames)}, or square875 for the "
                    + "middle of a square "
                    + "resized to int(side / 0.875), also together as tf+square875");
        return rule;
    }

    /// <summary>This rule with another background.</summary>
    /// <exception cref="ArgumentException">No such background; the message lists them.</exception>
    public ImageRule WithBackground(string given) => (this with { Background = given.ToLowerInvariant() }).Check();

    /// <summary>Throws unless every value is known.</summary>
    /// <exception cref="ArgumentException">The message names the value and what it may be.</exception>
    public ImageRule Check()
    {
        Require.That(Enum.IsDefined(Filter), $"there is no resize filter {(int)Filter}");
        Require.That(Square is > 0 and <= Whole, $"a square takes {Square} thousandths of the resized one, it must be 1 to {Whole}");
        Require.That(Background is Drop or Grey or White or "black" || IsHex(Background),
            $"there is no background '{Background}': say drop, grey, white, black or #rrggbb");
        Require.That(Positions is null || Enum.IsDefined(Positions.Value), $"there is no resize of positions {(int?)Positions}");
        return this;
    }

    /// <summary>In words, for people.</summary>
    public string Describe() => $"{Row.Words}, {(Square == Whole ? "squashed to a square" : $"the middle {Square / 10.0:0.#} % of a square")}; "
        + (Background == Drop ? "alpha left out" : $"transparent pixels over {Background}");

    (EvalFilter Filter, string Name, string Words) Row => filters[(int)Filter];

    static int? SquareOf(string part)
    {
        var digits = part.StartsWith(SquareName, StringComparison.Ordinal) ? part[SquareName.Length..]
            : part.StartsWith(SquashName, StringComparison.Ordinal) ? part[SquashName.Length..] : "";
        return digits.Length is > 0 and <= 3 && int.TryParse(digits.PadRight(3, '0'), NumberStyles.None, CultureInfo.InvariantCulture,
            out int square) && square > 0
            ? square : null;
    }

    static bool IsHex(string text) => text.Length == 7 && text[0] == '#' && text.AsSpan(1).IndexOfAnyExcept("0123456789abcdef") < 0;
}
