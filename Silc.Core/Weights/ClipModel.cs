namespace Silc;

/// <summary>
/// What makes a model CLIP's (Radford et al. 2021, arXiv:2103.00020): class token, norm in
/// front of the blocks, causal text, the end token's row, and projections without bias.
/// </summary>
static class ClipModel
{
    public const double Epsilon = 1e-5;     // PyTorch's

    /// <summary>A CLIP of those sizes.</summary>
    /// <param name="image">Image tower, sizes and GELU.</param>
    /// <param name="text">Text tower, sizes and GELU.</param>
    /// <param name="sizes">Everything that has a size or a kind of its own.</param>
    public static SilcConfig Of(TowerConfig image, TowerConfig text, SilcConfig sizes) => sizes with
    {
        Image = image with { ClassToken = true, PreNorm = true },
        Text = text with { Causal = true },
        Views = BigVisionModel.ViewsFor(sizes.ImageSize, sizes.PatchSize),
        ImagePooling = ImagePooling.Class,
        TextPooling = TextPooling.End,
        PatchBias = false,
        ProjectionBias = false,
    };

    /// <summary>True if anything of the model is CLIP's and not SigLIP's.</summary>
    public static bool Resembles(SilcConfig config) => Departure(config) is not null;

    /// <summary>What of a model SigLIP's and SILC's formats have no place for; null if there is nothing.</summary>
    public static string? Departure(SilcConfig config) => config switch
    {
        { Image.ClassToken: true } => "the class token of its image tower",
        { Image.PreNorm: true } => "the norm in front of its image tower's blocks",
        { Text.Causal: true } => "the causal mask of its text tower",
        { TextPooling: TextPooling.End } => "the pooling of its captions' end tokens",
        { PatchBias: false } or { ProjectionBias: false } => "layers without bias",
        { Pixels: not null } => "the mean and deviation of its pixels",
        { Image.Gelu: GeluKind.Quick } or { Text.Gelu: GeluKind.Quick } => "the quick form of GELU",
        _ when config.Image.Epsilon != 1e-6 || config.Text.Epsilon != 1e-6 => "the epsilon of its layer norms",
        _ => null,
    };

    /// <exception cref="ArgumentException">CLIP's form has no place for a part of the model; the message names it.</exception>
    public static void RequireForm(SilcConfig config, ModelFormat format)
    {
        var part = config switch
        {
            { Image.ClassToken: false } => "an image tower without class token",
            { Image.PreNorm: false } => "an image tower without a norm in front of its blocks",
            { PreLogits: not null } => "the layer in front of its image tower's projection",
            { ImageHead: null } => "an image tower without projection",
            { Text.Causal: false } => "a text tower without causal mask",
            { TextPooling: not TextPooling.End } => $"a text tower that pools by {config.TextPooling}",
            { PatchBias: true } or { ProjectionBias: true } => "biases of patch embedding and projections",
            _ => null,
        };
        if (part is null && format == ModelFormat.HuggingFace
            && config.Contrastive == ContrastiveKind.Sigmoid) part = "the bias of the sigmoid loss (logit_bias)";
        if (part is null && format == ModelFormat.OpenClip && config.TextEnd is { } end && end != config.VocabSize - 1)
            part = $"captions that end with the id {end}, which is not the largest";
        if (part is null && format == ModelFormat.OpenClip && config.Image.Gelu == GeluKind.Quick != (config.Text.Gelu == GeluKind.Quick))
            part = "towers of which one alone has the quick form of GELU";
        Require.That(part is null, $"CLIP's form of {Library(format)} has no place for a part of the model, {part}: write silc, or export ONNX");
    }

    static string Library(ModelFormat format) => format == ModelFormat.OpenClip ? "open_clip" : "Hugging Face";
}
