namespace Silc;

/// <summary>Which image-text loss: InfoNCE (SILC-C) or the pairwise sigmoid of SigLIP (SILC-S).</summary>
public enum ContrastiveKind
{
    /// <summary>
    /// InfoNCE, symmetric softmax cross-entropy of logits l = exp(t) · zᵢ·zⱼ: the mean of ½ (-log
    /// softmaxⱼ(l)ᵢᵢ - log softmaxᵢ(l)ᵢᵢ) over the pairs i of a batch (Radford et al. 2021, arXiv:2103.00020).
    /// </summary>
    Softmax,

    /// <summary>
    /// Pairwise sigmoid with a learned bias: Σᵢⱼ softplus(-mᵢⱼ (exp(t) · zᵢ·zⱼ +
    /// b)) / B, m = 1 for i = j, else -1 (Zhai et al. 2023, arXiv:2303.15343).
    /// </summary>
    Sigmoid,
}

/// <summary>How a text tower makes one vector of its tokens.</summary>
public enum TextPooling
{
    /// <summary>The last token, as in SigLIP and SILC.</summary>
    Last,

    /// <summary>Attention pooling like that of the image tower, big_vision's <c>pool_type="map"</c>.</summary>
    Map,

    /// <summary>The token that ends the caption, as in CLIP: see <see cref="SilcConfig.TextEnd"/>.</summary>
    End,

    /// <summary>The first token.</summary>
    First,

    /// <summary>The mean of all tokens, padding too: big_vision's <c>mean</c> and <c>gap</c>.</summary>
    Mean,

    /// <summary>The largest value of each channel, of padding too.</summary>
    Max,
}

/// <summary>How an image tower makes one vector of its tokens.</summary>
public enum ImagePooling
{
    /// <summary>Attention pooling by one learned probe, as in SigLIP and SILC.</summary>
    Map,

    /// <summary>The class token, as in CLIP.</summary>
    Class,

    /// <summary>
    /// The class token and behind it the mean of the patches, 2 · width channels, as in dino.txt (Jose et al. 2024, arXiv:2412.16334): patches are
    /// compared with the second half of a text's vector.
    /// </summary>
    ClassMean,

    /// <summary>The mean of the patches, width channels: what is left of <see cref="ClassMean"/> where there is no class token.</summary>
    Mean,
}

/// <summary>Where the positions of an image tower come from.</summary>
public enum PositionKind
{
    /// <summary>A table that is trained.</summary>
    Learned,

    /// <summary>
    /// Sine and cosine of column and row at width / 4 frequencies, which stay as they are: big_vision's <c>sincos2d</c>, MoCo v3's (Chen et al.
    /// 2021, arXiv:2104.02057). The width must be a multiple of 4, and 8 at least.
    /// </summary>
    SinCos,
}

/// <summary>How the learned position table is resized for local views, or for images of another size.</summary>
public enum PositionResize
{
    /// <summary>Bicubic, a = -0.75, half-pixel centres, no antialias (DINO).</summary>
    Bicubic,

    /// <summary>Triangle filter that widens when shrinking (SigLIP 2 NaFlex).</summary>
    BilinearAntialias,

    /// <summary>Linear between the two nearest, corners on corners, no antialias (big_vision: scipy's zoom of order 1).</summary>
    BilinearCorners,
}

/// <summary>
/// Architecture of a SILC model (Naeem et al. 2024, arXiv:2310.13355): a ViT with a MAP head, a text transformer with last-token
/// pooling and a projection to the image width, and the self-distillation head. Threads: immutable; any number may share it.
/// </summary>
/// <example>
/// <code>
/// var tokenizer = new WordTokenizer();
/// var views = new ViewConfig(Global: 2, Local: 4, LocalSize: 64);
/// var config = SilcConfig.S with { VocabSize = tokenizer.VocabSize, ImageSize = 160, Views = views };
/// using var model = SilcModel.Create(device, config, seed: 42, tokenizer);
/// </code>
/// </example>
/// <param name="Image">Image tower; null means <see cref="TowerConfig.Mini"/>.</param>
/// <param name="Text">Text tower; null means <see cref="TowerConfig.Mini"/>.</param>
/// <param name="ImageSize">
/// Side of a global view in pixels. What is left right of and below the last whole patch is not seen, as in big_vision.
/// </param>
/// <param name="PatchSize">Side of a patch in pixels.</param>
/// <param name="TextLength">Tokens per caption.</param>
/// <param name="VocabSize">Rows of the token embedding.</param>
/// <param name="Head">Self-distillation head; null means 256-64-1024.</param>
/// <param name="Views">Views per image; null means 2 global and 4 local ones of 32 pixels.</param>
/// <param name="Contrastive">Image-text loss; sigmoid adds the parameter <c>b</c>.</param>
/// <param name="TemperatureInit">Initial exp(t): the factor on cosine similarities.</param>
/// <param name="BiasInit">Initial b of the sigmoid loss.</param>
/// <param name="PositionResize">How positions are resized for local views.</param>
public sealed partial record SilcConfig(
    TowerConfig? Image = null, TowerConfig? Text = null, int ImageSize = 64, int PatchSize = 8, int TextLength = 16, int VocabSize = 8000,
    HeadConfig? Head = null, ViewConfig? Views = null, ContrastiveKind Contrastive = ContrastiveKind.Softmax,
    double TemperatureInit = 10, double BiasInit = -10, PositionResize PositionResize = PositionResize.Bicubic)
{
    /// <summary>Image tower.</summary>
    public TowerConfig Image { get; init; } = Image ?? TowerConfig.Mini;

    /// <summary>Text tower.</summary>
    public TowerConfig Text { get; init; } = Text ?? TowerConfig.Mini;

    /// <summary>Self-distillation head.</summary>
    public HeadConfig Head { get; init; } = Head ?? new HeadConfig(256, 64, 1024);

    /// <summary>Views per image.</summary>
    public ViewConfig Views { get; init; } = Views ?? new ViewConfig(2, 4, 32);

    /// <summary>
    /// Channels of a projection behind the pooling of the image tower, big_vision's <c>img/head</c>; null for none, as in SigLIP and SILC.
    /// </summary>
    public int? ImageHead { get; init; }

    /// <summary>How images become the pixels that the model is evaluated on; training draws views instead.</summary>
    public ImageRule Images { get; init; } = ImageRule.Own;

    /// <summary>What of a caption's tokens goes into the projection of the text tower.</summary>
    public TextPooling TextPooling { get; init; }

    /// <summary>
    /// For <see cref="TextPooling.End"/>: the id that ends captions; null takes the first
    /// position of a caption's largest id, which in CLIP's vocabulary is the end token.
    /// </summary>
    public int? TextEnd { get; init; }

    /// <summary>How the image tower makes one vector of its tokens.</summary>
    public ImagePooling ImagePooling { get; init; }

    /// <summary>
    /// Blocks behind the image tower's last norm, and a norm of their own behind them, <c>img/Top</c>: dino.txt trains two on a tower that stays as
    /// it is. They have the tower's sizes and begin with a layer scale of 1e-5. 0 for none; with <see cref="ImagePooling.ClassMean"/> or
    /// <see cref="ImagePooling.Mean"/> alone.
    /// </summary>
    public int TopBlocks { get; init; }

    /// <summary>The patch embedding adds a bias; CLIP's does not.</summary>
    public bool PatchBias { get; init; } = true;

    /// <summary>
    /// Side in pixels of the small patches of a first layer, a divisor of <see cref="PatchSize"/>: each goes through a linear layer of
    /// <see cref="StemWidth"/> channels and a GELU, and those of a patch together through the patch embedding. Null for one layer from pixels
    /// to patches. After "early convolutions" (Xiao et al. 2021, arXiv:2106.14881).
    /// </summary>
    public int? StemPatch { get; init; }

    /// <summary>Channels of a small patch; null takes the image tower's width. Only with <see cref="StemPatch"/>.</summary>
    public int? StemWidth { get; init; }

    /// <summary>Where the positions of the image tower come from.</summary>
    public PositionKind Positions { get; init; }

    /// <summary>The projections of both towers add a bias; CLIP's do not.</summary>
    public bool ProjectionBias { get; init; } = true;

    /// <summary>What the first layer does to pixels in [-1, 1] before it cuts patches; null for nothing, as in SigLIP and SILC.</summary>
    public PixelNorm? Pixels { get; init; }

    /// <summary>
    /// False for an image tower alone, which embeds images and is probed, but has no text tower, no t and no b. Training adds a text tower.
    /// </summary>
    public bool HasText { get; init; } = true;

    /// <summary>
    /// Channels of a layer with tanh between the pooling of the image tower and its
    /// projection, big_vision's <c>img/pre_logits</c> (<c>rep_size</c>); null for none.
    /// </summary>
    public int? PreLogits { get; init; }

    /// <summary>Width of both embeddings: that of the image tower's last layer, or of what its pooling makes if nothing follows.</summary>
    public int EmbedDim => ImageHead ?? PreLogits ?? (ImagePooling == ImagePooling.ClassMean ? 2 * Image.Width : Image.Width);

    /// <summary>Channels of a patch in the space of texts, the last ones of an embedding.</summary>
    internal int PatchDim => ImagePooling == ImagePooling.ClassMean ? Image.Width : EmbedDim;

    /// <summary>The mean of the patches is all of an image's vector, or a part of it.</summary>
    internal bool PoolsMean => ImagePooling is ImagePooling.ClassMean or ImagePooling.Mean;

    /// <summary>The blocks of <see cref="TopBlocks"/>.</summary>
    internal TowerConfig Top => new(Image.Width, TopBlocks, Image.Heads, Image.MlpDim, Image.Gelu) { Epsilon = Image.Epsilon, LayerScale = 1e-5 };

    internal int StemChannels => StemWidth ?? Image.Width;

    /// <summary>Patches along one side of a global view.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Patches along one side of a local view.</summary>
    public int LocalGrid => Views.LocalSize / PatchSize;

    /// <summary>The sizes of the benchmark's <c>mini</c>: trains on two CPU cores.</summary>
    public static SilcConfig Mini { get; } = new();

    /// <summary>ViT-Ti/16 at 128 pixels.</summary>
    public static SilcConfig Ti { get; } = new(TowerConfig.Ti, TowerConfig.Ti, 128, 16, 16, 32000, new(512, 128, 4096), new(2, 4, 64));

    /// <summary>ViT-S/16 at 224 pixels.</summary>
    public static SilcConfig S { get; } = new(TowerConfig.S, TowerConfig.S, 224, 16, 64, 32000, new(), new());

    /// <summary>ViT-B/16 at 256 pixels: the paper's main model.</summary>
    public static SilcConfig B16 { get; } = new(TowerConfig.B, TowerConfig.B, 256, 16, 64, 32000, new(), new());

    /// <summary>ViT-L/16 at 256 pixels.</summary>
    public static SilcConfig L16 { get; } = new(TowerConfig.L, TowerConfig.L, 256, 16, 64, 32000, new(), new());

    /// <summary>So400m/14 at 384 pixels, of which 27 patches cover 378; local views of 98 pixels, the multiple of 14 next to 96.</summary>
    public static SilcConfig So400m { get; } = new(TowerConfig.So400m, TowerConfig.So400m, 384, 14, 64, 32000, new(), new(LocalSize: 98));

    /// <summary>Names that <see cref="Preset"/> knows.</summary>
    public static IReadOnlyList<string> PresetNames { get; } = ["mini", "ti", "s", "b", "l", "so400m"];

    /// <summary>The preset of that name.</summary>
    /// <exception cref="ArgumentException">No such preset; the message lists them.</exception>
    public static SilcConfig Preset(string name) => name.ToLowerInvariant() switch
    {
        "mini" => Mini,
        "ti" => Ti,
        "s" => S,
        "b" or "b16" => B16,
        "l" or "l16" => L16,
        "so400m" => So400m,
        _ => throw new ArgumentException($"no preset '{name}'; there are {string.Join(", ", PresetNames)}"),
    };

    /// <summary>Throws unless every size fits every other.</summary>
    /// <exception cref="ArgumentException">The message names the value and what it must be.</exception>
    public SilcConfig Check()
    {
        Image.Check("image");
        Require.Positive(Image.Depth, "image depth");
        Text.Check("text");
        Head.Check();
        Views.Check();
        Images.Check();
        Require.Positive(PatchSize, "patch size");
        Require.Positive(TextLength, "text length");
        Require.Positive(VocabSize, "vocabulary size");
        Require.That(ImageHead is null or > 0, $"the image tower's projection has {ImageHead} channels, it must have at least one");
        Require.That(Enum.IsDefined(TextPooling), $"text pooling is {(int)TextPooling}, it must be Last, Map, End, First, Mean or Max");
        Require.That(PreLogits is null or > 0, $"the image tower's layer before its projection has {PreLogits} channels, it must have at least one");
        Require.That(Enum.IsDefined(ImagePooling), $"image pooling is {(int)ImagePooling}, it must be Map, Class, ClassMean or Mean");
        Require.That(ImagePooling is not (ImagePooling.Class or ImagePooling.ClassMean) || Image.ClassToken,
            $"the image tower pools its class token ({ImagePooling}) but has none (Image.ClassToken)"
            + (ImagePooling == ImagePooling.ClassMean ? ": take Mean" : ""));
        Require.That(!PoolsMean || ImageHead is null && PreLogits is null,
            $"an image tower that pools by {ImagePooling} has no projection behind that: texts are mapped to its channels (ImageHead, PreLogits)");
        Require.NotNegative(TopBlocks, "number of blocks on top of the image tower (TopBlocks)");
        Require.That(TopBlocks == 0 || PoolsMean,
            $"blocks on top of the image tower (TopBlocks) need an image pooling by ClassMean or Mean; it is {ImagePooling}");
        Require.That(!Text.ClassToken, "a class token is for image towers (Text.ClassToken)");
        Require.That(Text.Registers == 0, "registers are for image towers (Text.Registers)");
        Require.That(!Image.Causal, "a causal mask is for text towers (Image.Causal)");
        Require.That(TextEnd is null || TextEnd >= 0 && TextEnd < VocabSize, $"the id that ends captions is {TextEnd}, ids are 0 to {VocabSize - 1}");
        Require.That(Enum.IsDefined(Positions), $"positions are {(int)Positions}, they must be Learned or SinCos");
        Require.That(Positions == PositionKind.Learned || Image.Width % 4 == 0 && Image.Width >= 8,
            $"positions of sine and cosine need an image width that 4 divides, and 8 at least; it is {Image.Width}");
        Require.That(StemPatch is null or > 0 && (StemPatch is not { } small || small < PatchSize && PatchSize % small == 0),
            $"the stem's patches have {StemPatch} pixels, which must divide patches of {PatchSize} and be smaller");
        Require.That(StemWidth is null or > 0, $"the stem has {StemWidth} channels, it must have at least one");
        Require.That(StemWidth is null || StemPatch is not null, "the stem's channels (StemWidth) need the size of its patches (StemPatch)");
        Require.That(StemPatch is null || PatchBias, "a stem of two layers has biases (PatchBias)");
        Pixels?.Check();
        Require.That(ImageSize >= PatchSize, $"image size {ImageSize} has no room for a patch of size {PatchSize}");
        Require.That(Views.Local == 0 || Views.LocalSize >= PatchSize,
            $"local view size {Views.LocalSize} has no room for a patch of size {PatchSize}");
        Require.That(TemperatureInit > 0, $"initial temperature is {TemperatureInit}, it must be positive");
        return this;
    }
}
