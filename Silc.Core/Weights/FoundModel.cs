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
        IReadOnlyList<string> Notes)
{
    /// <summary>What names of arrays of the towers begin with: the model has a use for each of them.</summary>
    public required IReadOnlyList<string> Towers { get; init; }

    /// <summary>Tensors whose first values are added to those of a parameter, by its name; their other parts are parameters like any.</summary>
    public IReadOnlyDictionary<string, WeightTensor> Added { get; init; } = new Dictionary<string, WeightTensor>();

    /// <summary>Values of parameters that no array of the file holds, by name.</summary>
    public IReadOnlyDictionary<string, float[]> Computed { get; init; } = new Dictionary<string, float[]>();

    /// <summary>The layers of that encoder are stacked in the file.</summary>
    public bool Stacked { get; init; }
}
