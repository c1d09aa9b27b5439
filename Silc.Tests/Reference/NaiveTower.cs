namespace Silc.Tests;

/// <summary>The image tower in double precision, from a model's parameters by their names.</summary>
public sealed class NaiveTower(SilcModel model)
{
    const double Epsilon = 1e-6;

    readonly Dictionary<string, Matrix> parameters = model.Parameters.All.ToDictionary(p => p.Name,
        p => new Matrix(p.Rows, p.Cols).With([.. model.Device.Download(p.Value.View).Select(x => (double)x)]));

    int Heads => model.Config.Image.Heads;

    /// <summary>
    /// Normalized patch features of images (N, side·side·3), by definition: a MAP head that attends to sequences of one token each, and
    /// with <paramref name="alone"/> a last block whose tokens are sequences of one as well.
    /// </summary>
    public Matrix PatchFeatures(Matrix pixels, int side, bool alone)
    {
        var x = Encode(pixels, side, alone);
        if (model.Config.PoolsMean) return Naive.L2Normalize(x, 1e-8);
        var probes = Matrix.Make(x.Rows, x.Cols, (_, c) => parameters["img/MAPHead_0/probe"][0, c]);
        var pooled = Attention(probes, x, "img/MAPHead_0/MultiHeadDotProductAttention_0", x.Rows);
        return Naive.L2Normalize(Mlp(pooled, "img/MAPHead_0", "LayerNorm_0"), 1e-8);
    }

    /// <summary>Mean over the heads of the MAP head's softmax(q·k / √D), (N, T).</summary>
    public Matrix PoolAttention(Matrix pixels, int side)
    {
        const string name = "img/MAPHead_0/MultiHeadDotProductAttention_0";
        var (q, k) = (Dense(parameters["img/MAPHead_0/probe"], $"{name}/query"), Dense(Encode(pixels, side, alone: false), $"{name}/key"));
        int tokens = k.Rows / pixels.Rows, size = k.Cols / Heads;
        double Exp(int row, int head) => Math.Exp(Enumerable.Range(head * size, size).Sum(c => q[0, c] * k[row, c]) / Math.Sqrt(size));
        return Matrix.Make(pixels.Rows, tokens, (n, t) => Enumerable.Range(0, Heads).Average(head =>
            Exp(n * tokens + t, head) / Enumerable.Range(n * tokens, tokens).Sum(row => Exp(row, head))));
    }

    /// <summary>Patches after encoder_norm, (N·T, C).</summary>
    public Matrix Encode(Matrix pixels, int side) => Encode(pixels, side, alone: false);

    /// <summary>Normalised images by ClassMean or Mean, (N, 2C) or (N, C).</summary>
    public Matrix MeanPooled(Matrix pixels, int side)
    {
        var all = Tokens(pixels, side, alone: false, out int first, out int patches);
        int tokens = all.Rows / pixels.Rows, width = all.Cols, before = model.Config.ImagePooling == ImagePooling.ClassMean ? width : 0;
        return Naive.L2Normalize(Matrix.Make(pixels.Rows, before + width, (n, c) => c < before ? all[n * tokens, c]
            : Enumerable.Range(n * tokens + first, patches).Average(row => all[row, c - before])), 1e-8);
    }

    // Patches after the last norm; alone, those of the last block are sequences of one.
    Matrix Encode(Matrix pixels, int side, bool alone)
    {
        var y = Tokens(pixels, side, alone, out int first, out int patches);
        int tokens = y.Rows / pixels.Rows;
        return Matrix.Make(pixels.Rows * patches, y.Cols, (r, c) => y[r / patches * tokens + first + r % patches, c]);
    }

    // An image's class token, patches and registers after the last norm.
    Matrix Tokens(Matrix pixels, int side, bool alone, out int first, out int count)
    {
        var x = Naive.AddBroadcast(Positions(side / model.Config.PatchSize), Embed(Naive.Patches(pixels, side, model.Config.PatchSize)));
        int patches = x.Rows / pixels.Rows, before = 0;
        if (model.Config.Image.ClassToken)
        {
            var (plain, token, place) = (x, parameters["img/cls/embedding"], parameters["img/cls/pos_embedding"]);
            int all = patches + 1, own = patches;
            x = Matrix.Make(pixels.Rows * all, plain.Cols, (r, c) =>
                r % all == 0 ? token[0, c] + place[0, c] : plain[r / all * own + r % all - 1, c]);
            (patches, before) = (all, 1);
        }
        int tokens = patches + model.Config.Image.Registers;
        if (tokens > patches)
        {
            var (plain, registers) = (x, parameters["img/reg/embedding"]);
            int inner = patches;
            x = Matrix.Make(pixels.Rows * tokens, plain.Cols, (r, c) =>
                r % tokens < inner ? plain[r / tokens * inner + r % tokens, c] : registers[r % tokens - inner, c]);
        }
        (first, count) = (before, patches - before);
        var top = model.Config.TopBlocks;
        x = Blocks(x, "img/Transformer", model.Config.Image.Depth, pixels.Rows, alone && top == 0);
        return top == 0 ? x : Blocks(x, "img/Top", top, pixels.Rows, alone);
    }

    /// <summary>The normalized embedding (1, C) of an image of its own shape, of its patches (rows · columns, p·p·3) row by row.</summary>
    public Matrix Packed(Matrix patches, int rows, int columns)
    {
        const string pool = "img/MAPHead_0";
        int known = model.Config.Grid;
        var table = parameters["img/pos_embedding"];
        var resized = Matrix.Make(patches.Rows, table.Cols, (r, c) =>
        {
            double sum = 0;
            for (int cell = 0; cell < known * known; cell++)
                sum += Triangle(r / columns, rows, cell / known) * Triangle(r % columns, columns, cell % known) * table[cell, c];
            return sum;
        });
        var x = Blocks(Embed(patches) + resized, "img/Transformer", model.Config.Image.Depth, 1, alone: false);
        var pooled = Attention(parameters[$"{pool}/probe"], x, $"{pool}/MultiHeadDotProductAttention_0", 1);
        return Naive.L2Normalize(Mlp(pooled, pool, "LayerNorm_0"), 1e-8);

        // Of the cell in the place of one of so many: as wide as the distance of these in cells, and no narrower than a cell.
        double Triangle(int place, int places, int cell)
        {
            double each = known / (double)places, middle = (place + 0.5) * each - 0.5, reach = Math.Max(1, each);
            double Of(int at) => Math.Max(0, 1 - Math.Abs(at - middle) / reach);
            return Of(cell) / Enumerable.Range(0, known).Sum(Of);
        }
    }

    Matrix Blocks(Matrix x, string encoder, int depth, int images, bool alone)
    {
        for (int i = 0; i < depth; i++)
        {
            string block = $"{encoder}/encoderblock_{i}";
            int sequences = alone && i == depth - 1 ? x.Rows : images;
            var n = Norm(x, $"{block}/LayerNorm_0");
            x += Scaled(Attention(n, n, $"{block}/MultiHeadDotProductAttention_0", sequences), $"{block}/LayerScale_0");
            x += Scaled(MlpOf(x, block, "LayerNorm_1"), $"{block}/LayerScale_1");
        }
        return Norm(x, $"{encoder}/encoder_norm");
    }

    Matrix Embed(Matrix patches)
    {
        if (model.Config.StemPatch is not { } small) return Dense(patches, "img/embedding");
        var hidden = Naive.Gelu(Dense(Naive.Patches(patches, model.Config.PatchSize, small), "img/stem"), GeluKind.Tanh);
        int each = hidden.Rows / patches.Rows;
        return Dense(Matrix.Make(patches.Rows, each * hidden.Cols, (r, c) => hidden[r * each + c / hidden.Cols, c % hidden.Cols]), "img/embedding");
    }

    Matrix Positions(int grid)
    {
        int known = model.Config.Grid;
        var resize = PositionResizer.Matrix(known, grid, model.Config.PositionResize);
        return grid == known ? parameters["img/pos_embedding"]
            : Naive.MatMul(Matrix.Make(grid * grid, known * known, (r, c) => resize[r * known * known + c]), parameters["img/pos_embedding"]);
    }

    Matrix Attention(Matrix queries, Matrix x, string name, int sequences) => Dense(
        Naive.Attention(HeadNorm(Dense(queries, $"{name}/query"), $"{name}/query_norm"), HeadNorm(Dense(x, $"{name}/key"), $"{name}/key_norm"),
            Dense(x, $"{name}/value"), sequences, Heads).O, $"{name}/out");

    // Only the blocks have one.
    Matrix HeadNorm(Matrix x, string name)
    {
        if (!parameters.ContainsKey($"{name}/scale")) return x;
        int size = x.Cols / Heads;
        var normed = Norm(Matrix.Make(x.Rows * Heads, size, (r, c) => x[r / Heads, r % Heads * size + c]), name);
        return Matrix.Make(x.Rows, x.Cols, (r, c) => normed[r * Heads + c / size, c % size]);
    }

    Matrix Scaled(Matrix x, string name) => parameters.TryGetValue($"{name}/scale", out var gain)
        ? Matrix.Make(x.Rows, x.Cols, (r, c) => x[r, c] * gain[0, c]) : x;

    Matrix Mlp(Matrix x, string block, string norm) => x + MlpOf(x, block, norm);

    Matrix MlpOf(Matrix x, string block, string norm) =>
        Dense(Naive.Gelu(Dense(Norm(x, $"{block}/{norm}"), $"{block}/MlpBlock_0/Dense_0"), GeluKind.Tanh), $"{block}/MlpBlock_0/Dense_1");

    Matrix Norm(Matrix x, string name) => Naive.LayerNorm(x, parameters[$"{name}/scale"], parameters[$"{name}/bias"], Epsilon);

    Matrix Dense(Matrix x, string name) => Naive.PlusRow(Naive.MatMul(x, parameters[$"{name}/kernel"]), parameters[$"{name}/bias"]);
}
