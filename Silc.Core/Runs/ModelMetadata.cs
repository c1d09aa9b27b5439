using System.Globalization;

namespace Silc;

/// <summary>The metadata that our files of models have in common with checkpoints.</summary>
static class ModelMetadata
{
    public const string ConfigKey = "silc.config", TokenizerKey = "silc.tokenizer", StepKey = "silc.step",
        TokenizerIdKey = "silc.tokenizer.fingerprint", CaptionsKey = "silc.tokenizer.captions",
        ImagesKey = "silc.images", LossKey = "silc.contrastive", HeadKey = "silc.head";
    const string TokenizerFileKey = "silc.tokenizer.file", OwnTokenizer = "none";

    public static Dictionary<string, string> Of(SilcConfig config, TokenizerOrigin? tokenizer, long? step)
    {
        var metadata = new Dictionary<string, string>
        {
            [ConfigKey] = ConfigJson.Write(config),
            [TokenizerKey] = tokenizer?.Name ?? OwnTokenizer,
        };
        if (tokenizer?.File is { } file) metadata[TokenizerFileKey] = Convert.ToBase64String(file);
        if (tokenizer?.IsSentencePiece == true) metadata[CaptionsKey] = tokenizer.Captions.Name();
        if (step is not null) metadata[StepKey] = step.Value.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    public static SilcConfig Config(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(ConfigKey, out var text))
            throw new InvalidDataException($"{path} has no '{ConfigKey}' in its metadata: it was not written by this library, so its architecture "
                + "is unknown");
        try
        {
            return ConfigJson.Read<SilcConfig>(text, path, ConfigKey).Check();
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidDataException($"{path}: '{ConfigKey}' in its metadata is no configuration: {wrong.Message}", wrong);
        }
    }

    /// <summary>
    /// The tokenizer in the file, or the one that it names: built in, or a file beside <paramref name="path"/>; null if it has none.
    /// </summary>
    public static TokenizerOrigin? Tokenizer(IReadOnlyDictionary<string, string> metadata, string path)
    {
        var name = metadata.GetValueOrDefault(TokenizerKey, "bytes");
        if (name == OwnTokenizer) return null;
        if (Tokenizers.IsBuiltIn(name)) return new(name);
        if (!metadata.TryGetValue(TokenizerFileKey, out var text)) return Beside(path, name);
        try
        {
            return new(name, Convert.FromBase64String(text)) { Captions = Captions(metadata, path) };
        }
        catch (FormatException wrong)
        {
            throw new InvalidDataException($"{path}: '{TokenizerFileKey}' in its metadata is not base64", wrong);
        }
    }

    /// <summary>
    /// The image-text loss of a file of another library: sigmoid where there is a bias, unless the file says that the bias stands for none. SigLIP's
    /// forms always have one, so a model trained with InfoNCE is written with 0.
    /// </summary>
    public static ContrastiveKind LossOf(ArrayFile file) =>
        file.Arrays.ContainsKey("logit_bias") && file.Metadata.GetValueOrDefault(LossKey) != "softmax" ? ContrastiveKind.Sigmoid
            : ContrastiveKind.Softmax;

    /// <summary>The rule of captions; files without the key are of a time when all letters became small.</summary>
    public static CaptionRule Captions(IReadOnlyDictionary<string, string> metadata, string path) =>
        !metadata.TryGetValue(CaptionsKey, out var name) ? CaptionRule.Lower
            : CaptionRules.Parse(name)
                ?? throw new InvalidDataException($"{path}: '{CaptionsKey}' in its metadata is '{name}', which this version does not know");

    /// <summary>The rule of images; null where the file does not say one.</summary>
    public static ImageRule? Images(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(ImagesKey, out var text)) return null;
        try
        {
            return ConfigJson.Read<ImageRule>(text, path, ImagesKey).Check();
        }
        catch (ArgumentException wrong)
        {
            throw new InvalidDataException($"{path}: '{ImagesKey}' in its metadata is no rule of images: {wrong.Message}", wrong);
        }
    }

    static TokenizerOrigin? Beside(string path, string name)
    {
        if (Path.GetFileName(name) != name)
            throw new InvalidDataException($"{path}: '{TokenizerKey}' in its metadata is {name}, it should name a file in the same folder");
        var file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name);
        return File.Exists(file) ? TokenizerOrigin.Of(file) : null;
    }

    public static long? Step(IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue(StepKey, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var step) ? step
            : null;
}
