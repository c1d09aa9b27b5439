namespace Silc;

/// <summary>
/// A loss on the student's embeddings of the global views alone. The image-text loss runs first; the losses of <see cref="Of"/> then add to the
/// same gradient, so that there is one way back through the tower. Threads: one at a time.
/// </summary>
/// <param name="term">Its entry in the list of losses.</param>
abstract class ImageLoss(LossTerm term)
{
    /// <summary>Its entry in the list of losses.</summary>
    public LossTerm Term { get; } = term;

    /// <summary>Those that a run has.</summary>
    /// <exception cref="ArgumentException">One does not fit the views or the batch; the message says what to set.</exception>
    public static IReadOnlyList<ImageLoss> Of(SilcConfig config, TrainConfig train, int ranks) =>
        train.KoLeoWeight > 0 ? [new KoLeoLoss(config, train, ranks)] : [];

    /// <summary>
    /// Adds the loss to its term of <paramref name="losses"/>, and weight · dLoss/dzImage to <paramref name="dzImage"/>. zImage (G·B, C) is
    /// view-major, its rows have length 1; B is the batch, or a slice of it in an accumulated step.
    /// </summary>
    public abstract void Run(Pass pass, Tensor zImage, Tensor dzImage, LossBuffer losses);
}
