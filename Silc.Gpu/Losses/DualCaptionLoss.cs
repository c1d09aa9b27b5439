namespace Silc;

/// <summary>
/// The image-text loss of second captions: a second probe of the attention pooling, with the same keys, values and layers behind, gives each image
/// a second embedding, which is compared with the image's second caption as the first one is with its first. Two losses on (B, B) logits, with one
/// temperature and bias. Maninis et al. 2024 (TIPS), arXiv:2410.16512: captions of the web name what matters, generated ones say what is where. The
/// probe is trained here and is no part of the model. Threads: one at a time.
/// </summary>
sealed class DualCaptionLoss : IDisposable
{
    /// <summary>First part of the name of its parameter.</summary>
    public const string Tower = "dual";

    /// <exception cref="ArgumentException">Batches have no second captions, or images no second embedding; the message says what to set.</exception>
    public DualCaptionLoss(SilcModel student, TrainConfig train, ICollective collective)
    {
        var (config, width) = (student.Config, student.Config.Image.Width);
        Require.That(config.Views.SecondCaption, "batches have one caption of each image: set ViewConfig.SecondCaption to true, or DualWeight to 0 "
            + "(--dual 0)");
        Require.That(config.ImagePooling == ImagePooling.Map,
            $"second embeddings are pooled by a second probe, and this image tower pools {config.ImagePooling}: set DualWeight to 0 (--dual 0)");
        Contrast = new(student, train.DualWeight, collective, LossTerm.Dual);
        Parameters = new(student.Device);
        Probe = Parameters.Add(BigVisionNames.SecondProbe, 1, width, Inits.XavierUniform(1, width));
        try
        {
            Parameters.Allocate(train.Seed, gradients: true);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The probe alone.</summary>
    public Parameters Parameters { get; }

    /// <summary>The second probe (1, width).</summary>
    public Parameter Probe { get; }

    /// <summary>Compares second embeddings with second captions.</summary>
    public ContrastiveLoss Contrast { get; }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Parameters.Dispose();
}
