using System.Buffers;
using System.Text.Json;

namespace Silc;

/// <summary>Writes a model in any of the formats, with the files that must stand beside the weights. Threads: any number may call.</summary>
public static class ModelWriter
{
    const string ExportedKey = "silc.exported", PreprocessorName = HuggingFaceModel.PreprocessorName, TokenizerConfigName = "tokenizer_config.json";

    static readonly JsonSerializerOptions indented = new() { WriteIndented = true, Converters = { new FloatJson() } };

    /// <summary>Writes into a folder, or for npz into the file of that name. Weights are streamed: memory holds one tensor at a time.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="format">Whose format.</param>
    /// <param name="path">A folder; a name that ends in <c>.npz</c> or <c>.safetensors</c> is that of the weights.</param>
    /// <param name="tokenizer">Silc's files hold it, others have it beside them. Null if there is none.</param>
    /// <param name="stacked">
    /// For npz: the layers of each encoder are one array, as big_vision has them with <c>scan=True</c>; its loader of text towers wants them so.
    /// </param>
    /// <returns>The files, the weights first.</returns>
    /// <exception cref="ArgumentException">The name does not fit the format, or the format has no place for a part of the model.</exception>
    public static IReadOnlyList<string> Write(ModelWeights weights, ModelFormat format, string path, TokenizerOrigin? tokenizer = null,
        bool stacked = false)
    {
        RequireRoom(weights.Config, format);
        return WriteFiles(weights, format, path, tokenizer, stacked);
    }

    // Without the check that the other library can build a model of these sizes.
    internal static IReadOnlyList<string> WriteFiles(ModelWeights weights, ModelFormat format, string path, TokenizerOrigin? tokenizer = null,
        bool stacked = false)
    {
        var file = WeightsFile(format, path);
        var (folder, config) = (Path.GetDirectoryName(Path.GetFullPath(file))!, weights.Config);
        var (clip, written) = (ClipModel.Resembles(config), new List<string> { file });
        if (format != ModelFormat.Silc) WriteTokenizer(format, folder, tokenizer, written);
        switch (format)
        {
            case ModelFormat.Npz:
                Npz.WritePieces(file,
                    Pieces(weights, [.. BigVisionNames.Tensors(config, weights.HasHead, BigVisionNames.Prefixes[0], _ => stacked)]),
                    JsonSerializer.Serialize(Marked([], config, tokenizer)));
                break;
            case ModelFormat.HuggingFace when clip:
                Safetensors.WritePieces(file, Pieces(weights, ClipNames.HuggingFace(config)), Marked(new() { ["format"] = "pt" }, config, tokenizer));
                Json(HuggingFaceModel.ConfigName, HuggingFaceClip.Config(config));
                Json(PreprocessorName, HuggingFaceClip.ImageProcessor(config));
                break;
            case ModelFormat.OpenClip when clip:
                Safetensors.WritePieces(file, Pieces(weights, ClipNames.OpenClip(config)), Marked(new() { ["format"] = "pt" }, config, tokenizer));
                Json(OpenClipModel.ConfigName, OpenClipClip.Config(config));
                break;
            case ModelFormat.HuggingFace:
                Safetensors.WritePieces(file, Pieces(weights, HuggingFaceNames.Tensors(config with { Contrastive = ContrastiveKind.Sigmoid })),
                    Marked(new() { ["format"] = "pt" }, config, tokenizer));
                Json(HuggingFaceModel.ConfigName, HuggingFaceModel.Config(config));
                Json(PreprocessorName, HuggingFaceModel.Preprocessor(config));
                break;
            case ModelFormat.OpenClip:
                Safetensors.WritePieces(file, Pieces(weights, OpenClipNames.Tensors(config with { Contrastive = ContrastiveKind.Sigmoid })),
                    Marked(new() { ["format"] = "pt" }, config, tokenizer));
                Json(OpenClipModel.ConfigName, OpenClipModel.Config(config, tokenizer));
                break;
            default:
                Safetensors.WritePieces(file, Pieces(weights, [.. BigVisionNames.Tensors(config, weights.HasHead)]),
                    Marked(ModelMetadata.Of(config, tokenizer, step: null), config, tokenizer));
                break;
        }
        if (format is ModelFormat.HuggingFace or ModelFormat.OpenClip && tokenizer is not null)
        {
            foreach (var (name, bytes) in tokenizer.Companions.Where(_ => tokenizer.Captions != CaptionRule.Canonical)) Bytes(name, bytes);
            if (clip && !tokenizer.Name.EndsWith(TokenizerFiles.JsonName, StringComparison.Ordinal) && tokenizer.Open() is ClipTokenizer merges)
                foreach (var (name, bytes) in merges.HuggingFaceFiles(config.TextLength).Where(file => !written.Any(name =>
                    Path.GetFileName(name) == file.Name)))
                    Bytes(name, bytes);
            if (tokenizer.IsSentencePiece && !written.Any(name => Path.GetFileName(name) == TokenizerConfigName))
                Json(TokenizerConfigName, HuggingFaceModel.Tokenizer(config, tokenizer));
        }
        return written;

        void Json(string name, object content)
        {
            Bytes(name, JsonSerializer.SerializeToUtf8Bytes(content, indented));
        }

        void Bytes(string name, byte[] bytes)
        {
            written.Add(Path.Combine(Path.GetDirectoryName(file) ?? "", name));
            AtomicFile.WriteBytes(written[^1], bytes);
        }
    }

    /// <summary>True for the metadata of weights that this class wrote: they may be written again, which a run's may not.</summary>
    internal static bool IsOwn(IReadOnlyDictionary<string, string> metadata) => metadata.ContainsKey(ExportedKey);

    // Files that cannot hold the tokenizer name it all the same: one of the same size beside them may be another.
    static Dictionary<string, string> Marked(Dictionary<string, string> metadata, SilcConfig config, TokenizerOrigin? tokenizer)
    {
        metadata[ModelMetadata.ImagesKey] = ConfigJson.Write(config.Images);
        metadata[ExportedKey] = Checkpoint.LibraryVersion;
        metadata[ModelMetadata.LossKey] = config.Contrastive.ToString().ToLowerInvariant();
        if (tokenizer?.Open().Fingerprint is { } fingerprint) metadata[ModelMetadata.TokenizerIdKey] = fingerprint;
        if (tokenizer?.IsSentencePiece == true) metadata[ModelMetadata.CaptionsKey] = tokenizer.Captions.Name();
        return metadata;
    }

    static readonly string[] tokenizerNames =
        [TokenizerConfigName, "vocab.json", ClipTokenizer.MergesName, HuggingFaceModel.TokenizerName, "tokenizer.model", TokenizerFiles.JsonName,
            "tokenizer.txt.gz"];

    /// <summary>Names that a format's files beside the weights may have.</summary>
    internal static IReadOnlyList<string> FilesBeside(ModelFormat format) => format switch
    {
        ModelFormat.HuggingFace => [HuggingFaceModel.ConfigName, PreprocessorName, .. tokenizerNames],
        ModelFormat.OpenClip => [OpenClipModel.ConfigName, .. tokenizerNames],
        ModelFormat.Npz => ["tokenizer.model", TokenizerFiles.JsonName, "tokenizer.txt.gz"],
        _ => [],
    };

    /// <summary>The file of the weights that <paramref name="path"/> means.</summary>
    internal static string WeightsFile(ModelFormat format, string path)
    {
        var (extension, name) = format switch
        {
            ModelFormat.Npz => (".npz", "model.npz"),
            ModelFormat.OpenClip => (".safetensors", OpenClipModel.WeightsName),
            _ => (".safetensors", HuggingFaceModel.WeightsName),
        };
        if (Directory.Exists(path) || Path.GetExtension(path) is not (".npz" or ".safetensors")) return Path.Combine(path, name);
        return Path.GetExtension(path) == extension ? path
            : throw new ArgumentException(
                $"{path}: weights for {format.Describe()} end in {extension}; name a folder, or a file with that ending");
    }

    // Beside the weights; the name there, or that of a built-in tokenizer.
    internal static string? WriteTokenizer(ModelFormat format, string folder, TokenizerOrigin? tokenizer, List<string> written)
    {
        if (tokenizer?.File is not { } bytes) return tokenizer?.Name;
        var name = tokenizer.IsSentencePiece && format is ModelFormat.HuggingFace or ModelFormat.OpenClip
            ? HuggingFaceModel.IsGemma(tokenizer) ? "tokenizer.model" : HuggingFaceModel.TokenizerName
            : tokenizer.Name.EndsWith(".txt.gz", StringComparison.OrdinalIgnoreCase) ? "tokenizer.txt.gz"
            : ClipTokenizer.IsMerges(tokenizer.Name) ? ClipTokenizer.MergesName : $"tokenizer{Path.GetExtension(tokenizer.Name)}";
        written.Add(Path.Combine(folder, name));
        AtomicFile.WriteBytes(written[^1], bytes);
        return name;
    }

    /// <exception cref="ArgumentException">
    /// The format has no place for a part of the model, or its library cannot build one of these sizes.
    /// </exception>
    internal static void RequireRoom(SilcConfig config, ModelFormat format)
    {
        Require.That(config.HasText || format == ModelFormat.Silc, $"{format.Describe()} has no place for an image tower alone: write silc");
        var own = config.Image.QkNorm || config.Text.QkNorm ? "the norms of queries and keys"
            : (config.Image.LayerScale ?? config.Text.LayerScale) is not null ? "the layer scale of its blocks" : config.StemPatch is not null
            ? "the two layers of its patch embedding" : config.Text.Depth == 0 ? "a text tower without blocks"
            : config.Image.Registers > 0 ? "the registers of its image tower"
            : config.TopBlocks > 0 ? "the blocks on top of its image tower (img/Top)"
            : config.PoolsMean ? $"an image tower that pools by {config.ImagePooling}" : null;
        Require.That(own is null || format == ModelFormat.Silc,
            $"{format.Describe()} has no place for a part of the model, {own}: write silc, or export ONNX");
        if (ClipModel.Departure(config) is { } departure && format != ModelFormat.Silc)
        {
            Require.That(format != ModelFormat.Npz,
                $"{format.Describe()} has no place for a part of the model, {departure}: write silc, hf or open_clip");
            ClipModel.RequireForm(config, format);
            return;
        }
        if (format is not (ModelFormat.HuggingFace or ModelFormat.OpenClip)) return;
        var part = config.PreLogits is not null ? "the layer in front of its image tower's projection (img/pre_logits)"
            : config.ImageHead is not null ? "the projection of its image tower (img/head)"
            : config.TextPooling == TextPooling.Map ? "the attention pooling of its text tower (txt/MAPHead_0)"
            : config.TextPooling != TextPooling.Last ? $"a text tower that pools by {config.TextPooling}" : null;
        Require.That(part is null, $"{format.Describe()} has no place for a part of the model, {part}: write npz or silc, or export ONNX");
        if (format == ModelFormat.OpenClip) OpenClipModel.RequirePublished(config);
    }

    static List<ArrayPieces> Pieces(ModelWeights weights, IReadOnlyList<WeightTensor> tensors) =>
        [.. tensors.Select(tensor => new ArrayPieces(tensor.Name, tensor.Shape, sink =>
        {
            foreach (var part in tensor.Parts) WritePart(weights, part, sink);
        }))];

    /// <summary>The values of a parameter in the order of another library.</summary>
    internal static void WritePart(ModelWeights weights, WeightPart part, ValueSink sink)
    {
        if (part.Parameter == "b" && weights.Config.Contrastive == ContrastiveKind.Softmax)
        {
            sink([0]);      // other libraries add a bias always
            return;
        }
        if (part.Order == WeightOrder.Same)
        {
            weights.Read(part.Parameter, sink);
            return;
        }
        var rented = ArrayPool<float>.Shared.Rent(2 * part.Count);
        try
        {
            int at = 0;
            weights.Read(part.Parameter, values =>
            {
                values.CopyTo(rented.AsSpan(at));
                at += values.Length;
            });
            part.ToFile(rented.AsSpan(0, part.Count), rented.AsSpan(part.Count, part.Count));
            sink(rented.AsSpan(part.Count, part.Count));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }
}
