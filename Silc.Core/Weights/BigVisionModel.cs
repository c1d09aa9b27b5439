namespace Silc;

/// <summary>Reads an architecture out of the shapes of big_vision's arrays, or out of the metadata of Silc's own files.</summary>
static class BigVisionModel
{
    const string Attention = "MultiHeadDotProductAttention_0/query/kernel", Mlp = "MlpBlock_0/Dense_0/kernel",
        OldPositions = $"{BigVisionNames.ImageEncoder}/pos_embedding", TextPositions = "txt/pos_embedding",
        MorePositions = $"{BigVisionNames.TextEncoder}/pos_embedding";

    /// <summary>The model, or null if the file has not got big_vision's names.</summary>
    /// <param name="file">The file.</param>
    /// <param name="imageSize">Pixels along a side, for files whose positions are computed and so do not say it.</param>
    public static FoundModel? Find(ArrayFile file, int? imageSize = null)
    {
        if (BigVisionNames.Prefixes.FirstOrDefault(prefix =>
            file.Arrays.ContainsKey(prefix + BigVisionNames.Patches)) is not { } prefix) return null;
        var shapes = new FileShapes(file, prefix);
        var head = shapes.Has("head/prototypes/kernel");
        string[] towers = [$"{prefix}img/", $"{prefix}txt/"];
        if (file.Metadata.ContainsKey(ModelMetadata.ConfigKey))
        {
            var known = ModelMetadata.Config(file.Metadata, file.Path);
            foreach (var (which, tower) in new[] { ("image", known.Image), ("text", known.Text) })
                shapes.Tower(which, tower.Width, tower.Depth, tower.Heads, tower.MlpDim, tower.Gelu);
            var tokenizer = ModelMetadata.Tokenizer(file.Metadata, file.Path);
            return new(ModelFormat.Silc, known, head, [.. BigVisionNames.Tensors(known, head)], tokenizer, []) { Towers = towers };
        }
        var config = Infer(shapes, head, imageSize, out var notes);
        var computed = IsComputed(shapes);
        bool Stacked(string encoder) => shapes.Has($"{encoder}/encoderblock/{Attention}");
        var added = new Dictionary<string, WeightTensor>();
        // Checkpoints of 2022 may have a second table; big_vision's text_transformer.load adds it to the first.
        if (shapes.Has(MorePositions)) added[TextPositions] = Named(BigVisionNames.Tensor(config, TextPositions), prefix + MorePositions);
        return new(ModelFormat.Npz, config, head,
            [.. BigVisionNames.Tensors(config, head, prefix, Stacked).Where(tensor => !computed || tensor.Name != prefix + ModelWeights.Positions)
                .Select(tensor => AsStored(file, tensor, prefix))], null, notes)
        {
            Computed = computed
                ? new Dictionary<string, float[]> { [ModelWeights.Positions] = SinCosPositions.Table(config.Grid, config.Image.Width) } : [],
            Towers = towers,
            Added = added,
            Stacked = Stacked(BigVisionNames.ImageEncoder) || Stacked(BigVisionNames.TextEncoder),
        };
    }

    // Values in the same order under another name or shape: positions before 2022 were the encoder's; NaFlex models (SigLIP 2) embed
    // flat patches, (patch · patch · 3, width), and have positions of shape (side, side, width).
    static WeightTensor AsStored(ArrayFile file, WeightTensor tensor, string prefix)
    {
        if (tensor.Name == prefix + ModelWeights.Positions && !file.Arrays.ContainsKey(tensor.Name)) tensor = Named(tensor, prefix + OldPositions);
        else if (tensor.Name != prefix + ModelWeights.Positions && tensor.Name != prefix + BigVisionNames.Patches) return tensor;
        var stored = file.Arrays[tensor.Name].Shape;
        var flat = tensor.Name == prefix + BigVisionNames.Patches ? stored.Length == 2 : stored.Length == 3 && stored[0] == stored[1];
        return flat && stored.Aggregate(1L, (a, b) => a * b) == tensor.Parts[0].Count ? tensor with { Shape = stored } : tensor;
    }

    static WeightTensor Named(WeightTensor tensor, string name) => tensor with { Name = name };

    static SilcConfig Infer(FileShapes shapes, bool hasHead, int? imageSize, out string[] notes)
    {
        var (patch, width) = Patches(shapes);
        var computed = IsComputed(shapes);
        var grid = computed && imageSize is { } given ? given / patch : Grid(shapes);
        var table = shapes.Of("txt/Embed_0/embedding", "(vocabulary, width)");
        var length = shapes.Of(TextPositions, "(1, tokens, width)")[1];
        HeadConfig? head = null;
        if (hasHead)
        {
            var prototypes = shapes.Of("head/prototypes/kernel", "(bottleneck, prototypes)");
            head = new(shapes.Of("head/Dense_0/kernel", "(width, hidden)")[1], prototypes[0], prototypes[1], shapes.Has(BigVisionNames.HeadGains));
        }
        int size = computed && imageSize is { } wanted ? wanted : grid * patch;
        notes = patch != 14 ? [] :
            [$"{grid} patches of {patch} pixels cover {size}; "
                + $"for checkpoints named after another size say --image-size {size + 6}"];
        if (computed) notes = [.. notes,
            $"the file has no positions: those of big_vision's posemb=\"sincos2d\" are computed, for images of {size} pixels"];
        return new(
            Tower(shapes, "image", BigVisionNames.ImageEncoder, width),
                Tower(shapes, "text", BigVisionNames.TextEncoder, table[1]), size, patch, length,
            table[0], head, ViewsFor(size, patch), shapes.Has("b") ? ContrastiveKind.Sigmoid : ContrastiveKind.Softmax)
        {
            Images = ImageRule.BigVision,
            PreLogits = shapes.Has($"{BigVisionNames.PreLogits}/kernel") ? shapes.Of($"{BigVisionNames.PreLogits}/kernel",
                "(width, representation)")[1] : null,
            ImageHead = shapes.Has($"{BigVisionNames.ImageHead}/kernel")
                ? shapes.Of($"{BigVisionNames.ImageHead}/kernel", "(width, embedding)")[1] : null,
            TextPooling = shapes.Has($"{BigVisionNames.TextPool}/probe") ? TextPooling.Map : TextPooling.Last,
        };
    }

    static (int Patch, int Width) Patches(FileShapes shapes)
    {
        if (shapes.Rank(BigVisionNames.Patches) != 2)
        {
            var patches = shapes.Of(BigVisionNames.Patches, "(patch, patch, 3, width)");
            return (patches[0], patches[3]);
        }
        var flat = shapes.Of(BigVisionNames.Patches, "(patch · patch · 3, width)");
        int side = (int)Math.Round(Math.Sqrt(flat[0] / 3.0));
        return flat[0] == 3 * side * side ? (side, flat[1])
            : throw shapes.Refused($"has '{BigVisionNames.Patches}' of {flat[0]} inputs, which are no square patch of 3 channels");
    }

    static bool IsComputed(FileShapes shapes) => !shapes.Has(ModelWeights.Positions) && !shapes.Has(OldPositions);

    static int Grid(FileShapes shapes)
    {
        const string positions = ModelWeights.Positions;
        if (!shapes.Has(positions) && shapes.Has(OldPositions))
            return shapes.Grid(OldPositions, shapes.Of(OldPositions, "(1, patches, width)")[1]);
        if (!shapes.Has(positions)) throw shapes.Refused($"lacks '{positions}': its positions are computed (big_vision's posemb=\"sincos2d\"), "
            + "and the file does not say for what size of images: say it once, silc convert IN OUT --image-size N, and take OUT");
        var table = shapes.Of(positions, "(1, patches, width)");
        return table[0] == table[1] && table[0] > 1 ? table[0] : shapes.Grid(positions, table[1]);
    }

    /// <summary>Views of a model whose file says nothing of any: local ones of three eighths of the side, in whole patches.</summary>
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
