using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Silc;

/// <summary>
/// A model's weights, wherever they are: in a file or on a device. Values come under big_vision's names and in its layout, in
/// pieces. Threads: immutable; any number may share it.
/// </summary>
/// <param name="Config">Architecture.</param>
/// <param name="HasHead">There are weights of the self-distillation head.</param>
/// <param name="Read">Passes the values of a parameter to a sink, in order.</param>
public sealed record ModelWeights(SilcConfig Config, bool HasHead, Action<string, ValueSink> Read)
{
    internal const string Positions = "img/pos_embedding";

    /// <summary>The same values without a copy on the way; null where there are only pieces.</summary>
    internal DirectWeights? Direct
    {
        // Not of a record that was changed to read something else.
        get => field is { } direct && direct.Of == Read ? direct : null;
        init;
    }

    /// <summary>Values in both towers, with t and b: the count that papers and checkpoints state.</summary>
    public long TowerParameterCount => ParameterTable.Towers(Config).Sum(weight => weight.Shape.Aggregate(1L, (a, b) => a * b));

    /// <summary>The shape of a tower's parameter.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static IReadOnlyList<int> Shape(SilcConfig config, string name) =>
        ParameterTable.Towers(config).FirstOrDefault(weight => weight.Name == name).Shape
        ?? throw new ArgumentException($"no tower has a parameter '{name}'");

    /// <summary>What <c>SilcModel.Fingerprint</c> says.</summary>
    internal string Fingerprint()
    {
        var hash = new XxHash128();
        // What decides on embeddings and has no parameter of its own.
        Text($"{Config.ImageSize} {Config.PatchSize} {Config.Image.Heads} {Config.Image.Gelu} {Config.Text.Heads} {Config.Text.Gelu}");
        if (Config.Pixels is not null || Config.Image.Epsilon != 1e-6 || Config.Text.Epsilon != 1e-6 || Config.Text.Causal
            || Config.TextPooling is not (TextPooling.Last or TextPooling.Map))
            Text($"{Config.Pixels} {Config.Image.Epsilon:R} {Config.Text.Epsilon:R} {Config.Text.Causal} {Config.TextPooling} "
                + $"{(Config.TextEnd == Config.VocabSize - 1 ? null : Config.TextEnd)}");
        if (Config.PoolsMean) Text($"{Config.ImagePooling}");
        foreach (var (name, _) in ParameterTable.Towers(Config).Where(weight => weight.Name is not "t" and not "b"))
        {
            Text(name);
            Read(name, values => hash.Append(MemoryMarshal.AsBytes(values)));
        }
        return $"m{Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 8))}";

        void Text(string text) => hash.Append(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>
    /// The same model for images of another size: the learned positions are resized to the other grid, as the model's
    /// <see cref="ImageRule.Positions"/> says unless told otherwise; everything else stays.
    /// </summary>
    /// <param name="imageSize">Side of an image in pixels.</param>
    /// <param name="positions">How positions are resized; null takes the model's own way, which is that of its origin.</param>
    /// <exception cref="ArgumentException">The size has no room for a patch.</exception>
    public ModelWeights WithImageSize(int imageSize, PositionResize? positions = null)
    {
        var config = Config with { ImageSize = imageSize };
        if (config.Views.LocalSize > imageSize)
            config = config with { Views = BigVisionModel.ViewsFor(imageSize, config.PatchSize) };
        config.Check();
        if (config.Grid == Config.Grid) return this with { Config = config };
        var (read, width, (from, to)) = (Read, config.Image.Width, (Config.Grid, config.Grid));
        float[] Table() => Resize(All(read, Positions, from * from * width), from, to, width, positions ?? config.Images.Positions
            ?? config.PositionResize);
        Action<string, ValueSink> resized = (name, sink) =>
        {
            if (name != Positions) read(name, sink);
            else sink(Table());
        };
        return new(config, HasHead, resized)
        {
            Direct = Direct is not { } direct ? null : new(resized, (name, values) =>
            {
                if (name != Positions) direct.Fill(name, values);
                else Table().CopyTo(values);
            }, direct.IsConcurrent),
        };
    }

    /// <summary>All values of a parameter.</summary>
    internal float[] All(string name, int count) => All(Read, name, count);

    static float[] All(Action<string, ValueSink> read, string name, int count)
    {
        var values = new float[count];
        int at = 0;
        read(name, piece =>
        {
            piece.CopyTo(values.AsSpan(at));
            at += piece.Length;
        });
        return values;
    }

    static float[] Resize(float[] table, int from, int to, int width, PositionResize kind)
    {
        var (matrix, resized) = (PositionResizer.Matrix(from, to, kind), new float[to * to * width]);
        for (int row = 0; row < to * to; row++)
            for (int cell = 0; cell < from * from; cell++)
            {
                var weight = matrix[row * from * from + cell];
                if (weight == 0) continue;
                for (int i = 0; i < width; i++) resized[row * width + i] += weight * table[cell * width + i];
            }
        return resized;
    }
}

/// <summary>Writes all values of a parameter into the memory given.</summary>
delegate void WeightFill(string name, Span<float> values);

/// <summary>Weights that can be read straight into the memory that they are for. Threads: as <paramref name="IsConcurrent"/> says.</summary>
/// <param name="Of">The reader of the same values in pieces.</param>
/// <param name="Fill">Writes a parameter's values, in big_vision's layout.</param>
/// <param name="IsConcurrent">Several threads may read different parameters at once.</param>
sealed record DirectWeights(Action<string, ValueSink> Of, WeightFill Fill, bool IsConcurrent);
