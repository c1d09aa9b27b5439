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

    // Patches after encoder_norm; alone, those of the last block are sequences of one.
    Matrix Encode(Matrix pixels, int side, bool alone)
    {
        var x = Naive.AddBroadcast(Positions(side / model.Config.PatchSize), Embed(Naive.Patches(pixels, side, model.Config.PatchSize)));
        return Blocks(x, pixels.Rows, alone);
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
        var x = Blocks(Embed(patches) + resized, 1, alone: false);
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

    Matrix Blocks(Matrix x, int images, bool alone)
    {
        int patches = x.Rows / images, tokens = patches + model.Config.Image.Registers;
        if (tokens > patches)
        {
            var (plain, registers) = (x, parameters["img/reg/embedding"]);
            x = Matrix.Make(images * tokens, plain.Cols, (r, c) =>
                r % tokens < patches ? plain[r / tokens * patches + r % tokens, c] : registers[r % tokens - patches, c]);
        }
        for (int i = 0; i < model.Config.Image.Depth; i++)
        {
            string block = $"img/Transformer/encoderblock_{i}";
            int sequences = alone && i == model.Config.Image.Depth - 1 ? x.Rows : images;
            var n = Norm(x, $"{block}/LayerNorm_0");
            x += Scaled(Attention(n, n, $"{block}/MultiHeadDotProductAttention_0", sequences), $"{block}/LayerScale_0");
            x += Scaled(MlpOf(x, block, "LayerNorm_1"), $"{block}/LayerScale_1");
        }
        var y = Norm(x, "img/Transformer/encoder_norm");
        return Matrix.Make(images * patches, y.Cols, (r, c) => y[r / patches * tokens + r % patches, c]);
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
