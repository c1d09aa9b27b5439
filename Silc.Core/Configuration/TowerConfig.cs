namespace Silc;

/// <summary>
/// Size of one transformer tower: <paramref name="Depth"/> pre-norm blocks of <paramref name="Width"/> channels.
/// Named sizes follow Table 2 of Zhai et al. 2022 (arXiv:2106.04560) and big_vision's <c>models/vit.py</c>.
/// Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var image = new TowerConfig(Width: 256, Depth: 6, Heads: 4, MlpDim: 1024);
/// var config = SilcConfig.Mini with { Image = image, Text = TowerConfig.Ti with { Depth = 6 } };
/// </code>
/// </example>
/// <param name="Width">Channels C of the residual stream.</param>
/// <param name="Depth">Number of transformer blocks; 0 leaves the final norm of embeddings alone, for a text tower that sums words.</param>
/// <param name="Heads">Attention heads H; the head size is Width / Heads.</param>
/// <param name="MlpDim">Hidden channels of the MLP.</param>
/// <param name="Gelu">Form of the GELU in the MLPs.</param>
public sealed partial record TowerConfig(int Width = 128, int Depth = 4, int Heads = 4, int MlpDim = 512, GeluKind Gelu = GeluKind.Tanh)
{
    /// <summary>Added to variances in every layer norm: flax's 1e-6, or PyTorch's 1e-5.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>A learned token goes in front of the patches, with a position of its own (Dosovitskiy et al. 2021, arXiv:2010.11929).</summary>
    public bool ClassToken { get; init; }

    /// <summary>
    /// Learned tokens without positions that every block mixes with the patches and no pooling reads, timm's <c>reg_tokens</c>: large towers put what
    /// they note of the whole image there, and not into patches of the background (Darcet et al. 2024, arXiv:2309.16588). 0 for none.
    /// </summary>
    public int Registers { get; init; }

    /// <summary>A layer norm stands in front of the first block too, CLIP's <c>ln_pre</c>.</summary>
    public bool PreNorm { get; init; }

    /// <summary>Token t attends to tokens 0 to t alone, as in CLIP's text tower.</summary>
    public bool Causal { get; init; }

    /// <summary>
    /// A layer norm over the channels of each head stands behind the projections of query and key in every block, timm's <c>qk_norm</c>: scores
    /// are bounded whatever the learning rate does to the projections (Dehghani et al. 2023, arXiv:2302.05442).
    /// </summary>
    public bool QkNorm { get; init; }

    /// <summary>
    /// Both halves of a block are multiplied channel by channel by learned gains that begin at this value, before they are added to the residual
    /// stream: CaiT's layer scale (Touvron et al. 2021, arXiv:2103.17239), timm's <c>init_values</c>; DINOv2 has 1e-5. Null for none.
    /// </summary>
    public double? LayerScale { get; init; }

    /// <summary>A tower for tests and two-core machines.</summary>
    public static TowerConfig Mini { get; } = new();

    /// <summary>ViT-Ti.</summary>
    public static TowerConfig Ti { get; } = new(192, 12, 3, 768);

    /// <summary>ViT-S.</summary>
    public static TowerConfig S { get; } = new(384, 12, 6, 1536);

    /// <summary>ViT-B.</summary>
    public static TowerConfig B { get; } = new(768, 12, 12, 3072);

    /// <summary>ViT-L.</summary>
    public static TowerConfig L { get; } = new(1024, 24, 16, 4096);

    /// <summary>The shape-optimised 400 M tower of Alabdulmohsin et al. 2023 (arXiv:2305.13035).</summary>
    public static TowerConfig So400m { get; } = new(1152, 27, 16, 4304);

    /// <summary>Channels of one head, D = Width / Heads.</summary>
    public int HeadDim => Width / Heads;

    internal void Check(string tower)
    {
        Require.Positive(Width, $"{tower} width");
        Require.NotNegative(Depth, $"{tower} depth");
        Require.Positive(Heads, $"{tower} heads");
        Require.Positive(MlpDim, $"{tower} mlpDim");
        Require.That(Enum.IsDefined(Gelu), $"{tower} gelu is {(int)Gelu}, it must be Tanh, Exact or Quick");
        Require.NotNegative(Registers, $"{tower} registers");
        Require.That(Epsilon > 0, $"{tower} epsilon is {Epsilon}, it must be positive");
        Require.That(LayerScale is null || double.IsFinite(LayerScale.Value), $"{tower} layer scale begins at {LayerScale}, it must be finite");
        Require.That(Width % Heads == 0, $"{tower} width {Width} is not a multiple of heads {Heads}");
    }
}
