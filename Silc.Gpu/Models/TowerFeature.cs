namespace Silc;

/// <summary>What of a tower a head reads.</summary>
enum TowerOutput
{
    /// <summary>Tokens after the last norm, before pooling, Z.</summary>
    Tokens,

    /// <summary>Patches in the space of texts, not normalised, A: the MAP head as if it attended to that patch alone.</summary>
    Aligned,

    /// <summary>The image embedding before its norm, P.</summary>
    Pooled,

    /// <summary>The residual stream after a block, without a norm.</summary>
    Block,
}

/// <summary>A feature by its name. Threads: immutable; any number may share it.</summary>
/// <param name="Output">Which.</param>
/// <param name="Block">Index of the block, from 0, for <see cref="TowerOutput.Block"/>.</param>
readonly record struct TowerFeature(TowerOutput Output, int Block = 0)
{
    public static readonly TowerFeature Tokens = new(TowerOutput.Tokens), Aligned = new(TowerOutput.Aligned), Pooled = new(TowerOutput.Pooled);

    /// <summary>Channels.</summary>
    public int Width(SilcConfig config) => Output is TowerOutput.Aligned or TowerOutput.Pooled ? config.EmbedDim : config.Image.Width;

    /// <summary>Rows of an image of that side.</summary>
    public int Rows(SilcConfig config, int side) => Output == TowerOutput.Pooled ? 1 : side / config.PatchSize * (side / config.PatchSize);

    /// <summary>Throws unless the tower has it.</summary>
    /// <exception cref="ArgumentException">There is no such block, or heads do not read towers of that pooling.</exception>
    public void Check(SilcConfig config)
    {
        Require.That(!config.PoolsMean, $"heads read towers that pool by Map or Class, and this one pools by {config.ImagePooling}: its patches are "
            + "compared with texts as they are (silc eval segmentation), or take the tower that it was made from");
        Require.That(Output != TowerOutput.Block || Block >= 0 && Block < config.Image.Depth,
            $"the tower has the blocks 0 to {config.Image.Depth - 1}, and none of number {Block}");
    }

    public override string ToString() => Output == TowerOutput.Block ? $"block_{Block}" : Output.ToString().ToLowerInvariant();
}
