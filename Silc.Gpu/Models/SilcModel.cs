namespace Silc;

/// <summary>
/// A SILC student (Naeem et al. 2024, arXiv:2310.13355): image tower, text tower, self-distillation head, log-temperature <c>t</c> and, for
/// the sigmoid loss, bias <c>b</c>. Images (N, side, side, 3) with values in [-1, 1] and captions (N, T) become embeddings (N, C) of length 1.
/// </summary>
/// <example>
/// <code>
/// using var device = Device.Best();
/// using var model = SilcModel.Load(device, "runs/mine");
/// foreach (var (label, score, probability) in model.Classify(ImageFile.Read("photo.jpg"), ["cat", "dog", "bicycle"]))
///     Console.WriteLine($"{label}: cosine {score:F2}, {probability:P0}");
/// Vectors texts = model.EmbedTexts(["a red bicycle", "a cat on a sofa"]);        // (2, C)
/// </code>
/// </example>
/// <remarks>
/// Threads: every member may be called from any number of threads, as in a web service. A call holds the device's lock
/// to its end, so that its rows are of one state of the weights, also while a <see cref="Trainer"/> trains them between
/// two calls; EmbedImages takes the lock for every <see cref="BatchSize"/> images. <see cref="Dispose"/> waits for the
/// call at work. Afterwards, and after the device was disposed, calls throw <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed partial class SilcModel : IDisposable
{
    const float NormEpsilon = 1e-8f;        // big_vision's two_towers.py

    readonly TextTransformer? text;
    readonly Parameter? logitScale;

    SilcModel(Device device, SilcConfig config, Tokenizer? tokenizer)
    {
        (Device, Config, Tokenizer) = (device, config.Check(), tokenizer?.Fit(config.VocabSize));
        if (Tokenizer is not null) RequireEnd(config, Tokenizer);
        Parameters = new(device, ParameterTable.OfModel(config));
        Image = new(Parameters, config);
        Head = new(Parameters, "head", config.EmbedDim, config.Head);
        if (!config.HasText) return;
        text = new(Parameters, config);
        logitScale = Parameters.Add("t", 1, 1, Inits.Constant(Math.Log(config.TemperatureInit)));
        LogitBias = config.Contrastive == ContrastiveKind.Sigmoid ? Parameters.Add("b", 1, 1, Inits.Constant(config.BiasInit)) : null;
    }

    static InvalidOperationException NoText() =>
        new("this model is an image tower alone: it embeds images and is probed, but has no text tower for captions; "
        + "silc train --init draws one, or take the whole model that the tower is a part of");

    // A tower that pools the end of captions would pool any token of a tokenizer that ends them otherwise.
    static void RequireEnd(SilcConfig config, Tokenizer tokenizer)
    {
        if (config.TextPooling != TextPooling.End || config.TextLength < 2) return;
        int[] row = tokenizer.Tokens("a photo of a dog", config.TextLength), empty = tokenizer.Tokens("", config.TextLength);
        int end = config.TextEnd ?? row.Max();
        Require.That(row.Contains(end) && empty.Contains(end),
            $"this model pools a caption where {(config.TextEnd is { } id ? $"the id {id}" : "its largest id")} stands, "
            + $"and the tokenizer {tokenizer.Fingerprint ?? "that was given"} does not end captions so: give CLIP's, "
            + "its merges (bpe_simple_vocab_16e6.txt.gz, merges.txt) or tokenizer.json");
    }

    /// <summary>A new model with random weights.</summary>
    /// <param name="device">Where it lives; must outlive the model.</param>
    /// <param name="config">Architecture.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="tokenizer">For <see cref="EmbedTexts"/>; null means that texts come as token ids.</param>
    /// <exception cref="ArgumentException">The sizes do not fit each other.</exception>
    public static SilcModel Create(Device device, SilcConfig config, int seed = 0, Tokenizer? tokenizer = null)
    {
        device.Prepare(training: true);
        var model = new SilcModel(device, config, tokenizer);
        try
        {
            model.Parameters.Allocate(seed, gradients: true);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        return model;
    }

    /// <summary>The names and shapes of a model's parameters, without memory for them.</summary>
    internal static IReadOnlyList<Parameter> Describe(Device device, SilcConfig config) => new SilcModel(device, config, null).Parameters.All;

    /// <summary>Where the model lives.</summary>
    public Device Device { get; }

    /// <summary>Architecture.</summary>
    public SilcConfig Config { get; }

    /// <summary>Tokenizer of <see cref="EmbedTexts"/>, or null.</summary>
    public Tokenizer? Tokenizer { get; }

    /// <summary>All parameters and gradients.</summary>
    internal Parameters Parameters { get; }

    /// <summary>Image tower.</summary>
    internal VisionTransformer Image { get; }

    /// <summary>Text tower.</summary>
    /// <exception cref="InvalidOperationException">The model is an image tower alone.</exception>
    internal TextTransformer Text => text ?? throw NoText();

    /// <summary>Self-distillation head.</summary>
    internal DinoHead Head { get; }

    /// <summary>Log of the factor on cosines.</summary>
    /// <exception cref="InvalidOperationException">The model is an image tower alone.</exception>
    internal Parameter LogitScale => logitScale ?? throw NoText();

    /// <summary>Bias of the sigmoid loss; null for InfoNCE.</summary>
    internal Parameter? LogitBias { get; }

    /// <summary>Parameters of both towers with t and b, without the head: the count that papers and checkpoints state.</summary>
    public long TowerParameterCount => Parameters.All.Where(p => !p.Name.StartsWith("head/", StringComparison.Ordinal)).Sum(p => (long)p.Count);

    /// <summary>L2-normalised image embeddings zImage (B, C), the raw ones, and the pullback of both: (dzImage, dRaw or nothing).</summary>
    internal (Tensor Z, Tensor Raw, Action<Tensor, Tensor> Back) EmbedImage(Pass pass, Tensor pixels, int side)
    {
        var (raw, backTower) = Image.Forward(pass, pixels, side);
        var (z, backNormalize) = Normalize(pass, raw);
        return (z, raw, (dz, dRaw) =>
        {
            using var _ = pass.Frame();
            var dx = backNormalize.Invoke(dz);
            if (dRaw.Count > 0) pass.Ops.Add(dRaw, dx);
            backTower.Invoke(dx);
        }
        );
    }

    /// <summary>The same of images at their own aspect ratio.</summary>
    internal (Tensor Z, Tensor Raw, Action<Tensor, Tensor> Back) EmbedImage(Pass pass, PackedTokens images)
    {
        var (raw, backTower) = Image.Forward(pass, images);
        var (z, backNormalize) = Normalize(pass, raw);
        return (z, raw, (dz, _) =>
        {
            using var frame = pass.Frame();
            backTower.Invoke(backNormalize.Invoke(dz));
        }
        );
    }

    /// <summary>
    /// The same with the patches that the embeddings come of, (B·N, width), and, where a second probe is given, the L2-normalised embeddings that it
    /// pools (B, C); the pullback takes their gradients, too: (dzImage, dRaw or nothing, dSecond, dPatches or nothing).
    /// </summary>
    internal EmbeddedImages EmbedImageAndPatches(Pass pass, Tensor pixels, int side, Parameter? second = null)
    {
        var (raw, rawSecond, patches, backTower) = Image.ForwardWithPatches(pass, pixels, side, second);
        var (z, backNormalize) = Normalize(pass, raw);
        var (zSecond, backSecond) = second is null ? default : Normalize(pass, rawSecond);
        return new(z, raw, zSecond, patches, (dz, dRaw, dSecond, dPatches) =>
        {
            using var _ = pass.Frame();
            var dx = backNormalize.Invoke(dz);
            if (dRaw.Count > 0) pass.Ops.Add(dRaw, dx);
            backTower(dx, second is null ? default : backSecond.Invoke(dSecond), dPatches);
        }
        );
    }

    /// <summary>L2-normalised text embeddings zText (B, C) and the pullback.</summary>
    internal (Tensor Z, ParameterPullback Back) EmbedText(Pass pass, TokenBatch tokens)
    {
        var (y, backTower) = Text.Forward(pass, tokens);
        var (z, backNormalize) = Normalize(pass, y);
        return (z, new(pass, dz => backTower.Invoke(backNormalize.Invoke(dz))));
    }

    static (Tensor Z, Pullback Back) Normalize(Pass pass, Tensor x)
    {
        var (z, norms) = (pass.Saved(x.Rows, x.Cols), pass.Saved(x.Rows, 1));
        pass.Ops.L2Normalize(x, z, norms, NormEpsilon);
        return (z, new(pass, x, (dz, dx) => pass.Ops.L2NormalizeBackward(dz, z, norms, dx, NormEpsilon)));
    }

    /// <summary>Takes the device's lock, if the model still has memory.</summary>
    /// <exception cref="ObjectDisposedException">The model or its device was disposed.</exception>
    internal Lock.Scope Exclusive() => Parameters.Exclusive(nameof(SilcModel));

    /// <summary>Frees the parameters and the memory of inference, once the call that is at work on them is done.</summary>
    public void Dispose()
    {
        using var exclusive = Device.ExclusiveForRelease();
        FreeInference();
        Parameters.Dispose();
    }
}
