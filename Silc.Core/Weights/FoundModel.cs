namespace Silc;

/// <summary>What a file turned out to hold.</summary>
/// <param name="Format">Whose names it has.</param>
/// <param name="Config">The architecture.</param>
/// <param name="HasHead">It has a self-distillation head.</param>
/// <param name="Tensors">Its tensors and the parameters inside them.</param>
/// <param name="Tokenizer">As <see cref="Tokenizers.Open"/> takes it; null if the file names none.</param>
/// <param name="Notes">What a user should know, a sentence each.</param>
sealed record FoundModel(
    ModelFormat Format, SilcConfig Config, bool HasHead, IReadOnlyList<WeightTensor> Tensors, string? Tokenizer,
        IReadOnlyList<string> Notes);
