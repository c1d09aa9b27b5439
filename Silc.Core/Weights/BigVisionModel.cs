using System.Text.Json;
using System.Text.Json.Serialization;

namespace Silc;

/// <summary>Reads an architecture out of the shapes of big_vision's arrays, or out of the metadata of Silc's own files.</summary>
static class BigVisionModel
{
    const string Attention = "MultiHeadDotProductAttention_0/query/kernel", Mlp = "MlpBlock_0/Dense_0/kernel";

    /// <summary>Keys of a Silc file's metadata.</summary>
    public const string ConfigKey = "silc.config", TokenizerKey = "silc.tokenizer";

    static readonly JsonSerializerOptions json = new() { Converters = { new JsonStringEnumConverter() } };

    public static string Serialize(SilcConfig config) => JsonSerializer.Serialize(config, json);

    /// <summary>The model, or null if the file has not got big_vision's names.</summary>
    public static FoundModel? Find(ArrayFile file)
    {
        if (BigVisionNames.Prefixes.FirstOrDefault(prefix =>
            file.Arrays.ContainsKey(prefix + BigVisionNames.Patches)) is not { } prefix) return null;
        var shapes = new FileShapes(file, prefix);
        var head = shapes.Has("head/prototypes/kernel");
        bool Stacked(string encoder) => shapes.Has($"{encoder}/encoderblock/{Attention}");
        if (file.Metadata.TryGetValue(ConfigKey, out var text))
        {
            var known = Parse(text, file.Path);
            foreach (var (which, tower) in new[] { ("image", known.Image), ("text", known.Text) })
                shapes.Tower(which, tower.Width, tower.Depth, tower.Heads, tower.MlpDim, tower.Gelu);
            var tokenizer = file.Metadata.GetValueOrDefault(TokenizerKey, "bytes");
            return new(ModelFormat.Silc, known, head, [.. BigVisionNames.Tensors(known, head)], Beside(file.Path, tokenizer), []);
        }
        var config = Infer(shapes, head, out var notes);
        return new(ModelFormat.Npz, config, head, [.. BigVisionNames.Tensors(config, head, prefix, Stacked)], null, notes);
    }

    static SilcConfig Parse(string text, string path)
    {
        try
        {
            return (JsonSerializer.Deserialize<SilcConfig>(text, json) ?? throw new JsonException("it is empty")).Check();
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"{path}: '{ConfigKey}' in its metadata is no configuration: {e.Message}", e);
        }
    }

    static string? Beside(string path, string tokenizer) => tokenizer is "" ? null
        : Tokenizers.IsBuiltIn(tokenizer) ? tokenizer
        : Path.GetFileName(tokenizer) == tokenizer ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, tokenizer)
        : throw new InvalidDataException(
            $"{path}: '{TokenizerKey}' in its metadata is {tokenizer}, it should name a file in the same folder");

    static SilcConfig Infer(FileShapes shapes, bool hasHead, out string[] notes)
    {
        var patches = shapes.Of(BigVisionNames.Patches, "(patch, patch, 3, width)");
        var grid = shapes.Grid("img/pos_embedding", shapes.Of("img/pos_embedding", "(1, patches, width)")[1]);
        var table = shapes.Of("txt/Embed_0/embedding", "(vocabulary, width)");
        var length = shapes.Of("txt/pos_embedding", "(1, tokens, width)")[1];
        HeadConfig? head = null;
        if (hasHead)
        {
            var prototypes = shapes.Of("head/prototypes/kernel", "(bottleneck, prototypes)");
            head = new(shapes.Of("head/Dense_0/kernel", "(width, hidden)")[1], prototypes[0], prototypes[1]);
        }
        int patch = patches[0], size = grid * patch;
        notes = patch != 14 ? [] :
            [$"{grid} patches of {patch} pixels cover {size}; "
                + $"for checkpoints named after another size say --image-size {size + 6}"];
        return new(
            Tower(shapes, "image", BigVisionNames.ImageEncoder, patches[3]),
                Tower(shapes, "text", BigVisionNames.TextEncoder, table[1]), size, patch, length,
            table[0], head, ViewsFor(size, patch), shapes.Has("b") ? ContrastiveKind.Sigmoid : ContrastiveKind.Softmax);
    }

    /// <summary>Views of a model whose file says nothing of any: local ones of three eighths of the side, in whole
    /// patches.</summary>
    public static ViewConfig ViewsFor(int imageSize, int patch) =>
        new(LocalSize: Math.Max(1, (int)Math.Round(imageSize * 0.375 / patch)) * patch);

    static TowerConfig Tower(FileShapes shapes, string which, string encoder, int width)
    {
        var stacked = shapes.Has($"{encoder}/encoderblock/{Attention}");
        var block = stacked ? "encoderblock" : "encoderblock_0";
        var layers = stacked ? "layers, " : "";
        var query = shapes.Of($"{encoder}/{block}/{Attention}", $"({layers}width, heads, head size)");
        var depth = stacked ? query[0] : shapes.Depth($"{encoder}/encoderblock_{{0}}/{Attention}");
        return shapes.Tower(which, width, depth, query[^2],
            shapes.Of($"{encoder}/{block}/{Mlp}", $"({layers}width, hidden)")[^1], GeluKind.Tanh);
    }
}
