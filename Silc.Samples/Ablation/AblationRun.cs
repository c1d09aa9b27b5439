namespace Silc.Samples.Ablation;

/// <summary>One training of an ablation, and what of it is measured.</summary>
/// <param name="Name">What sets it apart.</param>
/// <param name="Model">What is trained.</param>
/// <param name="Training">How.</param>
/// <param name="Rungs">Rows of the table: their names, and whether it is the average of the weights that is measured.</param>
/// <param name="Losses">Those whose last values are kept, 0 where this training has none.</param>
sealed record AblationRun(string Name, SilcConfig Model, TrainConfig Training, IReadOnlyList<(string Name, bool Averaged)> Rungs,
    IReadOnlyList<LossTerm> Losses);
