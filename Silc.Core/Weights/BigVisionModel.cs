namespace Silc;

/// <summary>Reads an architecture out of the shapes of big_vision's arrays, or out of the metadata of Silc's own files.</summary>
static class BigVisionModel
{
    const string Attention = "MultiHeadDotProductAttention_0/query/kernel", Mlp = "MlpBlock_0/Dense_0/kernel";

    /// <summary>The model, or null if the file has not got big_vision's names.</summary>
    public static FoundModel? Find(ArrayFile file)
    {
        if (BigVisionNames.Prefixes.FirstOrDefault(prefix =>
            file.Arrays.ContainsKey(prefix + BigVisionNames.Patches)) is not { } prefix) return null;
        var shapes = new FileShapes(file, prefix);
        var head = shapes.Has("head/prototypes/kernel");
        bool Stacked(string encoder) => shapes.Has($"{encoder}/encoderblock/{Attention}");
        if (file.Metadata.ContainsKey(ModelMetadata.ConfigKey))
        {
            var known = ModelMetadata.Config(file.Metadata, file.Path);
            foreach (var (which, tower) in new[] { ("image", known.Image), ("text", known.Text) })
                shapes.Tower(which, tower.Width, tower.Depth, tower.Heads, tower.MlpDim, tower.Gelu);
            var tokenizer = ModelMetadata.Tokenizer(file.Metadata, file.Path);
            return new(ModelFormat.Silc, known, head, [.. BigVisionNames.Tensors(known, head)], tokenizer, []);
        }
        var config = Infer(shapes, head, out var notes);
        return new(ModelFormat.Npz, config, head, [.. BigVisionNames.Tensors(config, head, prefix, Stacked)], null, notes);
    }

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
