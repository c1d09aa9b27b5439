using System.Globalization;

namespace Silc;

/// <summary>
/// The augmented views of one image: <paramref name="Global"/> large crops that the teacher and the contrastive loss see,
/// and <paramref name="Local"/> small crops for the student alone (multi-crop, Caron et al. 2020, arXiv:2006.09882).
/// Sizes in pixels; scales are fractions of the image's area; the rest are probabilities and strengths as in torchvision.
/// A probability is one number for all views or three by kind of view: <c>Blur: new(1, 0.1, 0.5)</c>.
/// Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var views = ViewConfig.Dino with { Local = 4, LocalSize = 64, Blur = new ViewProbability(1, 0.1, 0.5) };
/// var config = SilcConfig.S with { Views = views };
/// </code>
/// </example>
/// <param name="Global">Global views G per image.</param>
/// <param name="Local">Local views L per image; 0 switches self-distillation off.</param>
/// <param name="LocalSize">Side of a local view in pixels; a global view has the model's image size.</param>
/// <param name="GlobalScaleMin">Smallest area of a global crop, as a fraction of the image.</param>
/// <param name="GlobalScaleMax">Largest area of a global crop.</param>
/// <param name="LocalScaleMin">Smallest area of a local crop.</param>
/// <param name="LocalScaleMax">Largest area of a local crop.</param>
/// <param name="Flip">Probability of a horizontal flip; 0 by default: it makes "left" and "right" in captions wrong.</param>
/// <param name="Jitter">Probability of colour jitter.</param>
/// <param name="Brightness">Brightness factor is drawn from 1 ± this.</param>
/// <param name="Contrast">Contrast factor is drawn from 1 ± this.</param>
/// <param name="Saturation">Saturation factor is drawn from 1 ± this.</param>
/// <param name="Hue">Hue shift is drawn from ± this, in revolutions of the colour circle.</param>
/// <param name="Grey">Probability of greyscale.</param>
/// <param name="Blur">Probability of Gaussian blur.</param>
/// <param name="Solarize">Probability of solarizing at 128.</param>
/// <param name="BlurMin">Smallest standard deviation of the blur, in pixels of the view.</param>
/// <param name="BlurMax">Largest standard deviation of the blur.</param>
/// <param name="AspectMin">Smallest width of a crop over its height.</param>
/// <param name="AspectMax">Largest width over height; aspects are log-uniform in between.</param>
/// <param name="Filter">Kernel that resizes crops.</param>
/// <param name="Plain">
/// The image-text loss sees the whole image, squashed to a square and otherwise unchanged, in place of the global views, which are then
/// the teacher's alone: SigLIP 2 keeps augmentation away from captions.
/// </param>
/// <param name="RandConv">Probability of a random convolution (Xu et al. 2021, arXiv:2007.13003), the last of the changes.</param>
/// <param name="AnchorScale">
/// What the anchor of Gram anchoring sees: 0 the student's global views, 1 the same crops without changes of colour, 2 those crops at twice the
/// side (DINOv3).
/// </param>
/// <param name="SecondCaption">
/// A batch has two captions of each image, its first one and one drawn from the others, in the place of one drawn from all (TIPS: one of the web
/// and one that was generated). An image with one caption has it twice.
/// </param>
/// <param name="Naflex">
/// Most patches of an image in training at aspect ratios of its own (NaFlex of SigLIP 2, arXiv:2502.14786, section 2.4); 0 trains on squares. There
/// are no other views then. Each batch draws its most from this and those of 128, 256, 576, 784 and 1024 that are smaller.
/// </param>
/// <param name="NaflexMin">The least of those that are smaller.</param>
public sealed partial record ViewConfig(
    int Global = 2, int Local = 8, int LocalSize = 96,
    double GlobalScaleMin = 0.4, double GlobalScaleMax = 1.0, double LocalScaleMin = 0.05, double LocalScaleMax = 0.4,
    ViewProbability Flip = default, ViewProbability Jitter = default,
    double Brightness = 0.4, double Contrast = 0.4, double Saturation = 0.2, double Hue = 0.1,
    ViewProbability Grey = default, ViewProbability Blur = default, ViewProbability Solarize = default,
    double BlurMin = 0.1, double BlurMax = 2, double AspectMin = 3 / 4.0, double AspectMax = 4 / 3.0,
    ResampleFilter Filter = ResampleFilter.Bicubic, bool Plain = false,
    ViewProbability RandConv = default, int AnchorScale = 0, bool SecondCaption = false,
    int Naflex = 0, int NaflexMin = 128)
{
    /// <summary>
    /// Tokens of a located caption (LocCa, arXiv:2403.19596): "ARef: a red star : 10 22 40 51", in pixels of the view; 0 makes none.
    /// </summary>
    public int Located { get; init; }

    /// <summary>
    /// Numbers of patches with commas between, "128,256,576", that NaFlex batches are drawn from in the place of the usual ones; the largest is
    /// <see cref="Naflex"/>, and one that stands there twice is drawn twice as often. Null takes the usual ones.
    /// </summary>
    public string? NaflexChoices { get; init; }

    /// <summary>
    /// Pixels of views are rounded to those of an 8-bit image, as PIL's and big_vision's steps leave them; they go to CUDA as bytes then, a
    /// quarter of the floats.
    /// </summary>
    public bool EightBit { get; init; }

    /// <summary>Views of an image that the image-text loss sees.</summary>
    public int Captioned => Plain || Naflex > 0 ? 1 : Global;

    /// <summary>Numbers of patches that NaFlex batches are drawn from.</summary>
    internal IReadOnlyList<int> NaflexLengths => NaflexChoices is { } own ? [.. own.Split(',').Select(Patches)]
        : [.. ((int[])[128, 256, 576, 784, 1024]).Where(length => length >= NaflexMin && length < Naflex), Naflex];

    /// <summary>Largest <see cref="AnchorScale"/>.</summary>
    internal const int MostAnchorScale = 2;

    // Bounds the blur's kernel, 3 sigma each way, which is allocated on the stack.
    const double MostBlur = 100;

    /// <summary>
    /// SILC (Naeem et al. 2024, arXiv:2310.13355): 2 global and 8 local crops. The paper does not state
    /// its colour changes, and flips contradict captions with "left" and "right", so there are neither.
    /// </summary>
    public static ViewConfig Silc { get; } = new();

    /// <summary>
    /// SigLIP 2 (Tschannen et al. 2025, arXiv:2502.14786, section 2.3): 1 global crop for the teacher, 8 local ones for the student, and
    /// the plain image for the image-text loss.
    /// </summary>
    public static ViewConfig SigLip2 { get; } = Silc with { Global = 1, Plain = true };

    /// <summary>
    /// DINO's (Caron et al. 2021, arXiv:2104.14294; DataAugmentationDINO in facebookresearch/dino): flips, jitter and greyscale
    /// alike for all views, blur by kind of view, and solarizing in the second global view alone.
    /// </summary>
    public static ViewConfig Dino { get; } = new(
        Flip: 0.5, Jitter: 0.8, Grey: 0.2, Blur: new(1, 0.1, 0.5), Solarize: new(FirstGlobal: 0, OtherGlobals: 0.2, Locals: 0));

    /// <summary>Names that <see cref="Recipe"/> knows.</summary>
    public static IReadOnlyList<string> RecipeNames { get; } = ["silc", "siglip2", "dino"];

    /// <summary>The recipe of that name.</summary>
    /// <exception cref="ArgumentException">No such recipe; the message lists them.</exception>
    public static ViewConfig Recipe(string name) => name.ToLowerInvariant() switch
    {
        "silc" => Silc,
        "siglip2" => SigLip2,
        "dino" => Dino,
        _ => throw new ArgumentException($"no views '{name}'; there are {string.Join(", ", RecipeNames)}"),
    };

    internal void Check()
    {
        Require.Positive(Global, "global views");
        Require.That(Local >= 0, $"local views is {Local}, it must not be negative");
        if (Local > 0) Require.Positive(LocalSize, "local view size");
        Scale(GlobalScaleMin, GlobalScaleMax, "global");
        Scale(LocalScaleMin, LocalScaleMax, "local");
        Require.That(0 < AspectMin && AspectMin <= AspectMax && AspectMax < double.PositiveInfinity,
            $"crop aspect is [{AspectMin}, {AspectMax}], it must satisfy 0 < min <= max");
        Require.That(Enum.IsDefined(Filter), $"there is no resize filter {Filter}");
        Flip.Check("flip");
        Jitter.Check("jitter");
        Grey.Check("grey");
        Blur.Check("blur");
        Solarize.Check("solarize");
        RandConv.Check("randconv");
        Require.NotNegative(Naflex, "most patches of an image at its own aspect ratio (--naflex)");
        if (NaflexChoices is { } choices)
            Require.That(NaflexLengths.All(length => length > 0) && NaflexLengths.Max() == Naflex,
                $"numbers of patches that NaFlex batches are drawn from (--naflex) are {choices}, and the most is {Naflex}: each must be positive, "
                + "and the largest be the most");
        Require.Positive(NaflexMin, "least patches that a NaFlex batch draws (--naflex-min)");
        Require.NotNegative(Located, "tokens of a located caption (--located-length)");
        Require.Within(AnchorScale, 0, MostAnchorScale, "scale of the anchor's views (--anchor-scale)");
        Require.Within(Hue, 0, 0.5, "hue");
        Require.That(0 < BlurMin && BlurMin <= BlurMax && BlurMax <= MostBlur,
            $"blur is [{BlurMin}, {BlurMax}] pixels, it must satisfy 0 < min <= max <= {MostBlur}");
    }

    static int Patches(string word) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length
        : throw new ArgumentException($"'{word}' is no number of patches (--naflex): write for example 576, or 128,256,576");

    static void Scale(double min, double max, string which) => Require.That(
        0 < min && min <= max && max <= 1, $"{which} crop scale is [{min}, {max}], it must satisfy 0 < min <= max <= 1");
}
