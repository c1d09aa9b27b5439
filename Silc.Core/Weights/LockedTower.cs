namespace Silc;

/// <summary>
/// How dino.txt begins (Jose et al. 2024, arXiv:2412.16334): new blocks on an image tower that stays as it is, with a text tower from scratch.
/// </summary>
static class LockedTower
{
    /// <summary>Parameters of the image tower below its top blocks.</summary>
    public const string Below = $"img/(?!Top/).*";

    /// <summary>
    /// The image tower of a model without what is behind its last norm: what pools it, its projection, the text tower and the self-distillation
    /// head. It pools by <see cref="ImagePooling.ClassMean"/>, or by <see cref="ImagePooling.Mean"/> if it has no class token.
    /// </summary>
    public static ModelWeights Bare(ModelWeights weights) => weights with
    {
        HasHead = false,
        Config = weights.Config with
        {
            ImagePooling = weights.Config.Image.ClassToken ? ImagePooling.ClassMean : ImagePooling.Mean,
            ImageHead = null,
            PreLogits = null,
            HasText = false,
            TextPooling = TextPooling.Last,
            TextEnd = null,
        },
    };
}
