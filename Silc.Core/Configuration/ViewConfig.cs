namespace Silc;

/// <summary>
/// The augmented views of one picture: <paramref name="Global"/> large crops that the teacher and the contrastive loss see,
/// and <paramref name="Local"/> small crops for the student alone (multi-crop, Caron et al. 2020, arXiv:2006.09882).
/// Sizes in pixels; scales are fractions of the picture's area; the rest are probabilities and strengths as in torchvision.
/// </summary>
/// <param name="Global">Global views G per picture.</param>
/// <param name="Local">Local views L per picture; 0 switches self-distillation off.</param>
/// <param name="LocalSize">Side of a local view in pixels; a global view has the model's image size.</param>
/// <param name="GlobalScaleMin">Smallest area of a global crop, as a fraction of the picture.</param>
/// <param name="GlobalScaleMax">Largest area of a global crop.</param>
/// <param name="LocalScaleMin">Smallest area of a local crop.</param>
/// <param name="LocalScaleMax">Largest area of a local crop.</param>
/// <param name="Flip">Probability of a horizontal flip; 0 by default, because it makes "left" and "right" in captions wrong.</param>
/// <param name="Jitter">Probability of colour jitter.</param>
/// <param name="Brightness">Brightness factor is drawn from 1 ± this.</param>
/// <param name="Contrast">Contrast factor is drawn from 1 ± this.</param>
/// <param name="Saturation">Saturation factor is drawn from 1 ± this.</param>
/// <param name="Hue">Hue shift is drawn from ± this, in turns.</param>
/// <param name="Grey">Probability of greyscale.</param>
/// <param name="Blur">Probability of Gaussian blur.</param>
/// <param name="Solarize">Probability of solarizing at 128.</param>
public sealed record ViewConfig(
    int Global = 2, int Local = 8, int LocalSize = 96,
    double GlobalScaleMin = 0.4, double GlobalScaleMax = 1.0, double LocalScaleMin = 0.05, double LocalScaleMax = 0.4,
    double Flip = 0, double Jitter = 0, double Brightness = 0.4, double Contrast = 0.4, double Saturation = 0.2, double Hue = 0.1,
    double Grey = 0, double Blur = 0, double Solarize = 0)
{
    internal void Check()
    {
        Require.Positive(Global, "global views");
        Require.That(Local >= 0, $"local views is {Local}, it must not be negative");
        if (Local > 0) Require.Positive(LocalSize, "local view size");
        Scale(GlobalScaleMin, GlobalScaleMax, "global");
        Scale(LocalScaleMin, LocalScaleMax, "local");
        foreach (var (value, what) in new[] { (Flip, "flip"), (Jitter, "jitter"), (Grey, "grey"), (Blur, "blur"), (Solarize, "solarize") })
            Require.Within(value, 0, 1, $"{what} probability");
        Require.Within(Hue, 0, 0.5, "hue");
    }

    static void Scale(double min, double max, string which) =>
        Require.That(0 < min && min <= max && max <= 1, $"{which} crop scale is [{min}, {max}], it must satisfy 0 < min <= max <= 1");
}
