namespace Silc;

/// <summary>
/// Tile sizes, stages and launch bounds of CUDA's kernels, chosen by environment variables: <c>silc bench sweep</c> tells which are fastest on a
/// GPU. What would spill registers is no choice. Immutable.
/// </summary>
sealed class CudaTuning
{
    // The default comes first.
    static readonly (CudaChoice Choice, string Variable, int[] Values)[] all =
    [
        (CudaChoice.Wgmma, "SILC_WGMMA", [1, 0]),
        (CudaChoice.WgmmaStages, "SILC_WGMMA_STAGES", [6, 5, 4]),
        (CudaChoice.Bf16Stages, "SILC_BF16_STAGES", [3, 2, 4]),
        (CudaChoice.Tf32Blocks, "SILC_TF32_BLOCKS", [0, 2, 1]),
        (CudaChoice.Float32Blocks, "SILC_FLOAT32_BLOCKS", [0, 3]),
        (CudaChoice.TileGroup, "SILC_TILE_GROUP", [8, 1, 4, 16]),
        (CudaChoice.Splits, "SILC_SPLITS", [16, 1, 8, 32]),
        (CudaChoice.AttentionRows, "SILC_ATTENTION_ROWS", [0, 16, 32]),
        (CudaChoice.AttentionBlocks, "SILC_ATTENTION_BLOCKS", [0, 2, 3, 4]),
        (CudaChoice.AttentionGradBlocks, "SILC_ATTENTION_GRAD_BLOCKS", [0, 2, 3]),
        (CudaChoice.NormBlocks, "SILC_NORM_BLOCKS", [512, 256, 1024]),
    ];

    readonly int[] values;

    CudaTuning(int[] values) => this.values = values;

    /// <summary>What is used unless a variable says otherwise.</summary>
    public static CudaTuning Default { get; } = new([.. all.Select(entry => entry.Values[0])]);

    public int this[CudaChoice choice] => values[(int)choice];

    public static string Variable(CudaChoice choice) => all[(int)choice].Variable;

    /// <summary>The values of a choice, the default first.</summary>
    public static IReadOnlyList<int> Values(CudaChoice choice) => all[(int)choice].Values;

    /// <summary>The names of all variables.</summary>
    public static IEnumerable<string> Variables => all.Select(entry => entry.Variable);

    /// <summary>The choices of the environment; a value that is not known is refused by name.</summary>
    public static CudaTuning Of(Func<string, string?> environment)
    {
        var chosen = Default;
        foreach (var (choice, variable, values) in all)
            if (environment(variable) is { Length: > 0 } text)
                chosen = int.TryParse(text, out var value) && values.Contains(value) ? chosen.With(choice, value)
                    : throw new ArgumentException($"{variable} is '{text}': it takes {string.Join(", ", values[..^1])} or {values[^1]}, "
                        + $"and is {values[0]} where it is not set");
        return chosen;
    }

    public CudaTuning With(CudaChoice choice, int value)
    {
        if (!Values(choice).Contains(value)) throw new ArgumentException($"{Variable(choice)} does not take {value}");
        int[] next = [.. values];
        next[(int)choice] = value;
        return new(next);
    }

    /// <summary>The variables that differ from the default, as a shell takes them; empty: none.</summary>
    public override string ToString() => string.Join(' ', all.Where(entry => this[entry.Choice] != entry.Values[0])
        .Select(entry => $"{entry.Variable}={this[entry.Choice]}"));
}
