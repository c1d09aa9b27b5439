namespace Silc.Samples.Ablation;

/// <summary>All that the numbers of an ablation depend on but losses and seeds, which may be added later.</summary>
/// <param name="Data">What is trained on and measured with.</param>
/// <param name="Tokenizer">Name of the captions' tokenizer.</param>
/// <param name="Model">That of the top rung.</param>
/// <param name="Training">That of the top rung.</param>
sealed record AblationSettings(string Data, string Tokenizer, SilcConfig Model, TrainConfig Training);
