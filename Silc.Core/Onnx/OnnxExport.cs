using System.Globalization;

namespace Silc;

/// <summary>
/// Writes both towers for ONNX Runtime and its like: <c>image.onnx</c> from <c>pixel_values</c> (batch, 3, size, size) to
/// <c>image_embeds</c> (batch, C), <c>text.onnx</c> from <c>input_ids</c> (batch, T), int64, to <c>text_embeds</c> (batch, C).
/// Embeddings are L2-normalised; the batch is free. Opset 20. What to do to images and captions before, and exp(t) and b, are
/// in the metadata. Threads: any number may call.
/// </summary>
/// <example>
/// <code>
/// using var file = ModelFile.Open("runs/mine");
/// foreach (var path in OnnxExport.Write(file.Weights, "onnx", file.Tokenizer)) Console.WriteLine(path);
/// </code>
/// </example>
public static class OnnxExport
{
    /// <summary>Names of the files.</summary>
    public const string ImageName = "image.onnx", TextName = "text.onnx";

    // Protocol buffers end at 2 GiB, and a file that holds its weights is read whole.
    const long MostInside = 1 << 30;

    /// <summary>Writes the two models, and the tokenizer beside them. Nothing is left half-written.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="tokenizer">Its file is written beside the models. Null if there is none.</param>
    /// <param name="externalAbove">Weights of more bytes go to a file of their own, <c>image.onnx.data</c>.</param>
    /// <returns>The files.</returns>
    public static IReadOnlyList<string> Write(ModelWeights weights, string folder, TokenizerOrigin? tokenizer = null,
        long externalAbove = MostInside)
    {
        var (config, towers, written) = (weights.Config, new OnnxTowers(weights), new List<string>());
        var beside = ModelWriter.WriteTokenizer(ModelFormat.Silc, folder, tokenizer, written);
        if (!config.HasText)
        {
            Write(towers.Image(), ImageName, ImageMetadata(config));
            return written;
        }
        var scale = Math.Exp(weights.All("t", 1)[0]).ToString("R", CultureInfo.InvariantCulture);
        var bias = config.Contrastive == ContrastiveKind.Sigmoid
            ? weights.All("b", 1)[0].ToString("R", CultureInfo.InvariantCulture) : null;
        Write(towers.Image(), ImageName, With(ImageMetadata(config)));
        Write(towers.Text(), TextName, With(new()
        {
            ["silc.preprocessing"] = $"captions as ids of the tokenizer, lower-cased first; cut to {config.TextLength - 1} ids, "
                + $"then its end id up to {config.TextLength} "
                + "(1, </s>, with SigLIP's vocabulary); no mask: the model attends to the padding",
            ["silc.text_length"] = $"{config.TextLength}",
            ["silc.vocab_size"] = $"{config.VocabSize}",
            ["silc.tokenizer"] = beside ?? "",
        }));
        return written;

        Dictionary<string, string> With(Dictionary<string, string> metadata)
        {
            metadata["silc.logit_scale"] = scale;
            if (bias is not null) metadata["silc.logit_bias"] = bias;
            return metadata;
        }

        void Write(OnnxGraph graph, string name, Dictionary<string, string> metadata)
        {
            written.AddRange(graph.Write(Path.Combine(folder, name), metadata, graph.WeightBytes > externalAbove));
        }
    }

    static Dictionary<string, string> ImageMetadata(SilcConfig config) => new()
    {
        ["silc.preprocessing"] = $"RGB images, turned upright, resized to {config.ImageSize} x {config.ImageSize} "
            + $"without keeping their aspect: {config.Images.Describe()}; each value v of 0..255 becomes v / 127.5 - 1; "
            + "layout (batch, channel, row, column)",
        ["silc.image_size"] = $"{config.ImageSize}",
        ["silc.resize"] = config.Images.Resize,
        ["silc.background"] = config.Images.Background,
    };
}
