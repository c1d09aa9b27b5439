namespace Silc;

/// <summary>The forward passes of both towers as ONNX nodes; kernels keep big_vision's (in, out) layout, which MatMul wants.</summary>
sealed class OnnxTowers(ModelWeights weights)
{
    const float UnitEpsilon = 1e-8f;    // as in the layers

    readonly SilcConfig config = weights.Config;

    public OnnxGraph Image()
    {
        var (g, tower, tokens) = (new OnnxGraph(weights, "silc_image"), config.Image, config.Grid * config.Grid);
        int patch = config.PatchSize, width = tower.Width;
        g.Input("pixel_values", integer: false, "RGB in [-1, 1]", "batch", 3, config.ImageSize, config.ImageSize);
        g.Output("image_embeds", "L2-normalised", "batch", config.EmbedDim);

        var pixels = "pixel_values";
        if (config.Pixels is { } norm)
        {
            pixels = g.Node("Mul", [pixels, g.Floats("pixel_factors", [1, 3, 1, 1], norm.Factors)]);
            pixels = g.Node("Add", [pixels, g.Floats("pixel_shifts", [1, 3, 1, 1], norm.Shifts)]);
        }
        int side = config.StemPatch is { } small ? patch / small : patch;
        if (config.StemPatch is { } first)
        {
            pixels = Conv(g, pixels, BigVisionNames.Stem, 3, config.StemChannels, first, bias: true);
            pixels = Gelu(g, pixels, tower);
        }
        var x = Conv(g, pixels, "img/embedding", config.StemPatch is null ? 3 : config.StemChannels, width, side, config.PatchBias);
        x = g.Node("Reshape", [x, g.Integers("flat_patches", 0, width, tokens)]);
        x = g.Node("Transpose", [x], ("perm", new[] { 0, 2, 1 }));
        x = g.Node("Add", [x, g.Weight("img/pos_embedding", [1, tokens, width])]);
        if (tower.ClassToken) x = WithClass(g, x, width);
        if (tower.Registers > 0)
            x = g.Node("Concat", [x, ForEach(g, x, g.Weight(BigVisionNames.Registers, [1, tower.Registers, width]), tower.Registers, width)],
                ("axis", 1));
        if (tower.PreNorm) x = Norm(g, x, BigVisionNames.PreNorm, tower);
        x = Encoder(g, x, BigVisionNames.ImageEncoder, tower);
        if (config.TopBlocks > 0) x = Encoder(g, x, BigVisionNames.Top, config.Top);
        if (tower.Registers > 0 && config.ImagePooling == ImagePooling.Map) x = Rows(g, x, 0, tokens + (tower.ClassToken ? 1 : 0));

        var pooled = config.ImagePooling switch
        {
            ImagePooling.Class => First(g, x),
            ImagePooling.Mean => Mean(g, x, tokens),
            ImagePooling.ClassMean => g.Node("Concat", [First(g, x), Mean(g, x, tokens)], ("axis", 1)),
            _ => Pool(g, x, "img/MAPHead_0", tower),
        };
        if (config.PreLogits is { } wide) pooled = g.Node("Tanh", [Dense(g, pooled, BigVisionNames.PreLogits, width, wide)]);
        if (config.ImageHead is { } outputs) pooled = Dense(g, pooled, BigVisionNames.ImageHead, config.PreLogits ?? width, outputs,
            config.ProjectionBias);
        Unit(g, pooled, "image_embeds");
        return g;
    }

    static string First(OnnxGraph g, string x) => g.Node("Gather", [x, g.Index("first", 0)], ("axis", 1));

    // Of the patches alone: a class token is the first row, registers are the last ones.
    string Mean(OnnxGraph g, string x, int tokens) => g.Node("ReduceMean",
        [Rows(g, x, config.Image.ClassToken ? 1 : 0, tokens), g.Integers("patch_axis", 1)], ("keepdims", 0));

    static string Rows(OnnxGraph g, string x, int first, int count) =>
        g.Node("Slice", [x, g.Integers("first_patch", first), g.Integers("last_patch", first + count), g.Integers("patch_axis", 1)]);

    // A convolution whose strides are its sizes; what no whole kernel covers is left out.
    static string Conv(OnnxGraph g, string x, string name, int inputs, int outputs, int side, bool bias)
    {
        var kernel = g.Weight($"{name}/kernel", [outputs, inputs, side, side],
            new($"{name}/kernel", side * side * inputs, outputs, WeightOrder.Patches) { Channels = inputs });
        return g.Node("Conv", bias ? [x, kernel, g.Weight($"{name}/bias", [outputs])] : [x, kernel],
            ("kernel_shape", new[] { side, side }), ("strides", new[] { side, side }));
    }

    // The token with its position, once for each image, in front of the patches.
    static string WithClass(OnnxGraph g, string x, int width)
    {
        var token = g.Node("Add", [g.Weight(BigVisionNames.ClassToken, [1, 1, width]), g.Weight(BigVisionNames.ClassPosition, [1, 1, width])]);
        return g.Node("Concat", [ForEach(g, x, token, 1, width), x], ("axis", 1));
    }

    // Tokens (1, T, C) once for each image of x.
    static string ForEach(OnnxGraph g, string x, string tokens, int count, int width)
    {
        var shape = g.Node("Concat", [g.Node("Shape", [x], ("start", 0), ("end", 1)), g.Integers($"tokens_{count}", count, width)], ("axis", 0));
        return g.Node("Expand", [tokens, shape]);
    }

    // The row where a caption ends: a product with 1 there and 0 elsewhere.
    string End(OnnxGraph g, string x)
    {
        var ids = config.TextEnd is { } end ? g.Node("Cast", [g.Node("Equal", ["input_ids", g.Integers("end_id", end)])],
            ("to", OnnxGraph.Int64Type)) : "input_ids";
        var place = g.Node("ArgMax", [ids], ("axis", 1), ("keepdims", 1));
        var here = g.Node("Equal", [g.Integers("places", [.. Enumerable.Range(0, config.TextLength).Select(place => (long)place)]), place]);
        var row = g.Node("Unsqueeze", [g.Node("Cast", [here], ("to", OnnxGraph.FloatType)), g.Integers("row_axis", 1)]);
        return g.Node("Reshape", [g.Node("MatMul", [row, x]), g.Integers("text_rows", -1, config.Text.Width)]);
    }

    static string Pool(OnnxGraph g, string x, string map, TowerConfig tower)
    {
        var pooled = Attention(g, g.Weight($"{map}/probe", [1, 1, tower.Width]), x, $"{map}/MultiHeadDotProductAttention_0", tower);
        pooled = g.Node("Add", [pooled, Mlp(g, Norm(g, pooled, $"{map}/LayerNorm_0", tower), $"{map}/MlpBlock_0", tower)]);
        return g.Node("Reshape", [pooled, g.Integers("rows", -1, tower.Width)]);
    }

    public OnnxGraph Text()
    {
        var (g, tower) = (new OnnxGraph(weights, "silc_text"), config.Text);
        g.Input("input_ids", integer: true, "token ids, ended and padded as in training", "batch", config.TextLength);
        g.Output("text_embeds", "L2-normalised", "batch", config.EmbedDim);

        var x = g.Node("Gather", [g.Weight("txt/Embed_0/embedding", [config.VocabSize, tower.Width]), "input_ids"]);
        x = g.Node("Add", [x, g.Weight("txt/pos_embedding", [1, config.TextLength, tower.Width])]);
        x = Encoder(g, x, BigVisionNames.TextEncoder, tower, config.TextLength);
        x = config.TextPooling == TextPooling.Map ? Pool(g, x, BigVisionNames.TextPool, tower)
            : config.TextPooling == TextPooling.End ? End(g, x)
            : config.TextPooling == TextPooling.Mean ? g.Node("ReduceMean", [x, g.Integers("token_axis", 1)], ("keepdims", 0))
            : config.TextPooling == TextPooling.Max ? g.Node("ReduceMax", [x, g.Integers("token_axis", 1)], ("keepdims", 0))
            : config.TextPooling == TextPooling.First ? g.Node("Gather", [x, g.Index("first", 0)], ("axis", 1))
            : g.Node("Gather", [x, g.Index("last", config.TextLength - 1)], ("axis", 1));
        Unit(g, Dense(g, x, "txt/head", tower.Width, config.EmbedDim, config.ProjectionBias), "text_embeds");
        return g;
    }

    static string Encoder(OnnxGraph g, string x, string name, TowerConfig tower, int tokens = 0)
    {
        for (int i = 0; i < tower.Depth; i++)
        {
            var block = $"{name}/encoderblock_{i}";
            var normed = Norm(g, x, $"{block}/LayerNorm_0", tower);
            var mixed = Attention(g, normed, normed, $"{block}/MultiHeadDotProductAttention_0", tower, tokens, tower.QkNorm);
            x = g.Node("Add", [x, Scaled(g, mixed, $"{block}/LayerScale_0", tower)]);
            var hidden = Mlp(g, Norm(g, x, $"{block}/LayerNorm_1", tower), $"{block}/MlpBlock_0", tower);
            x = g.Node("Add", [x, Scaled(g, hidden, $"{block}/LayerScale_1", tower)]);
        }
        return Norm(g, x, $"{name}/encoder_norm", tower);
    }

    static string Attention(OnnxGraph g, string from, string to, string name, TowerConfig tower, int tokens = 0, bool qkNorm = false)
    {
        string Heads(string x, string part)
        {
            var split = g.Node("Reshape", [Dense(g, x, $"{name}/{part}", tower.Width, tower.Width),
                g.Integers("split_heads", 0, -1, tower.Heads, tower.HeadDim)]);
            if (qkNorm && part != "value") split = Norm(g, split, $"{name}/{part}_norm", tower, tower.HeadDim);
            return g.Node("Transpose", [split], ("perm", part == "key" ? [0, 2, 3, 1] : new[] { 0, 2, 1, 3 }));
        }
        var scores = g.Node("MatMul", [Heads(from, "query"), Heads(to, "key")]);
        scores = g.Node("Mul", [scores, g.Scalar("attention_scale", 1 / MathF.Sqrt(tower.HeadDim))]);
        if (tower.Causal) scores = g.Node("Add", [scores, g.Floats("causal_mask", [tokens, tokens], Mask(tokens))]);
        var mixed = g.Node("MatMul", [g.Node("Softmax", [scores], ("axis", -1)), Heads(to, "value")]);
        var joined = g.Node("Reshape",
            [g.Node("Transpose", [mixed], ("perm", new[] { 0, 2, 1, 3 })), g.Integers("join_heads", 0, -1, tower.Width)]);
        return Dense(g, joined, $"{name}/out", tower.Width, tower.Width);
    }

    static string Scaled(OnnxGraph g, string x, string name, TowerConfig tower) =>
        tower.LayerScale is null ? x : g.Node("Mul", [x, g.Weight($"{name}/scale", [tower.Width])]);

    static string Mlp(OnnxGraph g, string x, string name, TowerConfig tower)
    {
        var hidden = Dense(g, x, $"{name}/Dense_0", tower.Width, tower.MlpDim);
        return Dense(g, Gelu(g, hidden, tower), $"{name}/Dense_1", tower.MlpDim, tower.Width);
    }

    static string Gelu(OnnxGraph g, string x, TowerConfig tower) => tower.Gelu == GeluKind.Quick
        ? g.Node("Mul", [x, g.Node("Sigmoid", [g.Node("Mul", [x, g.Scalar("quick_gelu", 1.702f)])])])
        : g.Node("Gelu", [x], ("approximate", tower.Gelu == GeluKind.Tanh ? "tanh" : "none"));

    static string Norm(OnnxGraph g, string x, string name, TowerConfig tower, int? width = null) => g.Node("LayerNormalization",
        [x, g.Weight($"{name}/scale", [width ?? tower.Width]), g.Weight($"{name}/bias", [width ?? tower.Width])], ("axis", -1),
        ("epsilon", (float)tower.Epsilon));

    static string Dense(OnnxGraph g, string x, string name, int inputs, int outputs, bool bias = true)
    {
        var product = g.Node("MatMul", [x, g.Weight($"{name}/kernel", [inputs, outputs])]);
        return bias ? g.Node("Add", [product, g.Weight($"{name}/bias", [outputs])]) : product;
    }

    // The causal mask, added to the scores: 0 where a token may attend, elsewhere so low that softmax gives 0.
    static float[] Mask(int tokens) => [.. Enumerable.Range(0, tokens * tokens).Select(at => at % tokens <= at / tokens ? 0 : float.MinValue)];

    static void Unit(OnnxGraph g, string x, string output)
    {
        var length = g.Node("ReduceL2", [x, g.Integers("last_axis", -1)], ("keepdims", 1));
        g.Node("Div", [x, g.Node("Add", [length, g.Scalar("unit_epsilon", UnitEpsilon)])], output);
    }
}
