using ILGPU.Runtime;

namespace Silc;

// Embeddings of patches, for segmentation and maps.
public sealed partial class SilcModel
{
    // By side of the window.
    readonly Dictionary<(int Side, PatchOutput Output), PatchInference> patchInference = [];

    enum PatchOutput { MapValues, LastBlockValues, PoolScores, Tokens, Keys }

    /// <summary>
    /// Embeds the patches of images (N, side, side, 3) in [-1, 1]: (N · T, C), L2-normalised, image by image and row by
    /// row. T = (side / patch)²; positions are interpolated unless the side is the model's own. Of a model that pools by
    /// <see cref="ImagePooling.ClassMean"/> they have half of its channels, and are compared with the second half of a text's vector.
    /// </summary>
    /// <exception cref="ArgumentException">The side is no multiple of the patch size, or the pixels no whole number of images.</exception>
    public Vectors EmbedPatchPixels(float[] pixels, int side, PatchFeature feature = PatchFeature.MapValues) =>
        RunPatches(pixels, side, feature == PatchFeature.MapValues ? PatchOutput.MapValues : PatchOutput.LastBlockValues);

    /// <summary>
    /// The image tower's output for the patches of images (N, side, side, 3) in [-1, 1], after its last norm and before any head: (N · T, width),
    /// not normalised, image by image and row by row. What a probe or a head of one's own learns from.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="EmbedPatchPixels"/>.</exception>
    public Vectors EncodePatchPixels(float[] pixels, int side) => RunPatches(pixels, side, PatchOutput.Tokens);

    /// <summary>Keys of the last block for the patches, all heads side by side: (N · T, width), L2-normalised.</summary>
    /// <exception cref="ArgumentException">As for <see cref="EmbedPatchPixels"/>.</exception>
    internal Vectors PatchKeys(float[] pixels, int side) => RunPatches(pixels, side, PatchOutput.Keys);

    /// <summary>
    /// Attention of the MAP head over the patches of images (N, side, side, 3) in [-1, 1]: the mean
    /// of the heads' softmax(q·k / √D), (N, T). Rows sum to 1.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="EmbedPatchPixels"/>.</exception>
    public Vectors PoolAttention(float[] pixels, int side)
    {
        var scores = RunPatches(pixels, side, PatchOutput.PoolScores);
        int heads = Config.Image.Heads, tokens = side / Config.PatchSize * (side / Config.PatchSize), count = scores.Count / tokens;
        double scale = 1 / Math.Sqrt(Config.Image.Width / heads);
        var shares = new Vectors(count, tokens);
        for (int image = 0; image < count; image++)
            for (int head = 0; head < heads; head++)
            {
                double[] given = [.. Enumerable.Range(image * tokens, tokens).Select(token => scale * scores[token, head])];
                double most = given.Max(), sum = given.Sum(score => Math.Exp(score - most));
                for (int token = 0; token < tokens; token++) shares[image, token] += (float)(Math.Exp(given[token] - most) / sum / heads);
            }
        return shares;
    }

    Vectors RunPatches(float[] pixels, int side, PatchOutput output)
    {
        Require.That(side > 0 && side % Config.PatchSize == 0,
            $"images of side {side} are no whole number of patches of {Config.PatchSize}");
        long each = 3L * side * side;
        Require.That(pixels.Length % each == 0,
            $"{pixels.Length} pixel values are no whole number of {side} x {side} x 3 images");
        using var exclusive = Exclusive();
        if (!patchInference.TryGetValue((side, output), out var windows))
            patchInference[(side, output)] = windows = new(this, side, output);
        return windows.Run(pixels, (int)(pixels.Length / each));
    }

    /// <summary>
    /// Embeds the patches of images as evaluation sees them: (N · T, C), L2-normalised, image by image and row by row. With
    /// So400m's 384 pixels, of which its patches of 14 cover 378, the image is resized to 378.
    /// </summary>
    public Vectors EmbedPatches(IEnumerable<RgbImage> images, PatchFeature feature = PatchFeature.MapValues,
        EvalCrop crop = EvalCrop.Squash)
    {
        int side = Config.Grid * Config.PatchSize;
        return EmbedPatchPixels([.. images.SelectMany(image => ViewSampler.EvalPixels(image, side, crop, Config.Images))], side, feature);
    }

    /// <summary>The factor exp(t) on cosines.</summary>
    public double Temperature
    {
        get
        {
            using var exclusive = Exclusive();
            return Math.Exp(Device.Download(LogitScale.Value.View)[0]);
        }
    }

    /// <summary>Text embeddings that stand for classes.</summary>
    /// <inheritdoc cref="ClassPrototypes.Of"/>
    public ClassPrototypes Prototypes(
        ClassList classes, IReadOnlyList<string>? templates = null, AliasUse aliases = AliasUse.First, bool canonical = true) =>
        ClassPrototypes.WithPatches(classes, EmbedTexts, templates, aliases, canonical, Config.PatchDim);

    /// <summary>Segments images by text alone, with this model.</summary>
    /// <param name="classes">What to look for; see <see cref="Prototypes"/>.</param>
    /// <param name="feature">How patches are mapped into the space of texts.</param>
    /// <param name="windows">What the model sees at once; null shows it the whole image at its own size.</param>
    /// <param name="threshold">Pixels whose best class is less probable than this are class 0, the background.</param>
    /// <param name="refinement">MaskCLIP's; null leaves the scores of patches as they are.</param>
    public ZeroShotSegmenter Segmenter(
        ClassPrototypes classes, PatchFeature feature = PatchFeature.MapValues, SegmentationWindows? windows = null,
            double? threshold = null, SegmentationRefinement? refinement = null) =>
        new((pixels, side) => EmbedPatchPixels(pixels, side, feature), Config.PatchSize, classes.OfPatches(Config.PatchDim),
            windows ?? SegmentationWindows.Whole(Config.Grid * Config.PatchSize), threshold, Temperature,
            Config.Images, refinement, PatchKeys);

    /// <summary>Buffers for windows of one side.</summary>
    sealed class PatchInference : IDisposable
    {
        readonly SilcModel model;
        readonly int side, atOnce, tokens;
        readonly PatchOutput output;
        readonly Arena arena;
        readonly Pass pass;
        readonly PinnedUpload pixels;

        public PatchInference(SilcModel model, int side, PatchOutput output)
        {
            (this.model, this.side, this.output) = (model, side, output);
            (tokens, var usual) = (side / model.Config.PatchSize * (side / model.Config.PatchSize),
                model.Config.Grid * model.Config.Grid);
            atOnce = Math.Clamp(model.BatchSize * usual / tokens, 1, model.BatchSize);
            var device = model.Device;
            arena = Arena.Allocate(device, Arena.Measure(device, arena =>
                Features(new(device.Ops, arena, Training: false), new(default, atOnce, side * side * 3))));
            pass = new(device.Ops, arena, Training: false);
            try
            {
                pixels = new(device, (long)atOnce * side * side * 3, "windows");
            }
            catch
            {
                arena.Dispose();
                throw;
            }
        }

        public Vectors Run(float[] source, int count)
        {
            int columns = output switch
            {
                PatchOutput.PoolScores => model.Config.Image.Heads,
                PatchOutput.Tokens or PatchOutput.Keys => model.Config.Image.Width,
                _ => model.Config.PatchDim,
            };
            var (all, each) = (new Vectors(count * tokens, columns), side * side * 3);
            for (int first = 0; first < count; first += atOnce)
            {
                int n = Math.Min(atOnce, count - first);
                pixels.Put(source.AsSpan(first * each, n * each), 0);      // the buffer is free: the results of its last batch have come back
                pixels.Ready();
                arena.Reset();
                var z = Features(pass, new(pixels.View, n, each));
                model.Device.Download(z.View.SubView(0, z.Count)).CopyTo(all.Span(first * tokens, n * tokens));
            }
            return all;
        }

        Tensor Features(Pass pass, Tensor pixels) => output switch
        {
            PatchOutput.PoolScores => model.Image.PoolScores(pass, pixels, side),
            PatchOutput.Tokens => model.Image.EncodedPatches(pass, pixels, side),
            PatchOutput.Keys => Normalize(pass, model.Image.PatchKeys(pass, pixels, side)).Z,
            PatchOutput.LastBlockValues => Normalize(pass, model.Image.PatchFeatures(pass, pixels, side, PatchFeature.LastBlockValues)).Z,
            _ => Normalize(pass, model.Image.PatchFeatures(pass, pixels, side, PatchFeature.MapValues)).Z,
        };

        public void Dispose()
        {
            arena.Dispose();
            pixels.Dispose();
        }
    }
}
