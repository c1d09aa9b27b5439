namespace Silc;

/// <summary>What a file turned out to hold.</summary>
/// <param name="Format">Whose names it has.</param>
/// <param name="Config">The architecture.</param>
/// <param name="HasHead">It has a self-distillation head.</param>
/// <param name="Tensors">Its tensors and the parameters inside them.</param>
/// <param name="Tokenizer">In the file or beside it; null if there is none.</param>
/// <param name="Notes">What a user should know, a sentence each.</param>
sealed record FoundModel(
    ModelFormat Format, SilcConfig Config, bool HasHead, IReadOnlyList<WeightTensor> Tensors, TokenizerOrigin? Tokenizer,
        IReadOnlyList<string> Notes);
