namespace Silc;

/// <summary>
/// big_vision's names and shapes (<c>models/vit.py</c>, <c>models/proj/image_text/text_transformer.py</c>, <c>two_towers.py</c>
/// in github.com/google-research/big_vision), which are those of Silc. A file has each layer by itself,
/// <c>encoderblock_3/…</c>, or, from runs with <c>scan=True</c>, all layers stacked along a first axis, <c>encoderblock/…</c>.
/// </summary>
static class BigVisionNames
{
    public const string Patches = "img/embedding/kernel", HeadPrefix = "head/", HeadGains = "head/prototypes/gain/kernel",
        LastLayerPrefix = "head/prototypes/", TeacherPrefix = "teacher/", ImageEncoder = "img/Transformer",
        TextEncoder = "txt/Encoder_0", ImageHead = "img/head", PreLogits = "img/pre_logits", ClassToken = "img/cls/embedding",
        ClassPosition = "img/cls/pos_embedding", PreNorm = "img/norm_pre", TextPool = "txt/MAPHead_0", Stem = "img/stem",
        Registers = "img/reg/embedding", Top = "img/Top", Probe = "img/MAPHead_0/probe", SecondProbe = "dual/probe";

    /// <summary>What published files put in front of every name: flax's training state, nothing, or an old flax optimizer.</summary>
    public static readonly string[] Prefixes = ["params/", "", "opt/target/"];

    /// <summary>The tensors of a file with that prefix; <paramref name="stacked"/> says of an encoder how its layers are stored.</summary>
    public static IEnumerable<WeightTensor> Tensors(SilcConfig config, bool head, string prefix = "",
        Func<string, bool>? stacked = null)
    {
        var weights = head ? ParameterTable.Towers(config).Concat(ParameterTable.Head(config)) : ParameterTable.Towers(config);
        return weights.GroupBy(weight => prefix + FileName(weight.Name, stacked)).Select(group => group.Key == prefix
            + group.First().Name
            ? new WeightTensor(group.Key, group.First().Shape, Part(group.First()))
            : new WeightTensor(group.Key, [group.Count(), .. group.First().Shape], [.. group.Select(Part)]));
    }

    /// <summary>The tensor of one parameter of the towers.</summary>
    public static WeightTensor Tensor(SilcConfig config, string name)
    {
        var weight = ParameterTable.Towers(config).First(weight => weight.Name == name);
        return new(name, weight.Shape, Part(weight));
    }

    /// <summary>The tensors of the EMA teacher in a checkpoint: image tower, head and center.</summary>
    public static IEnumerable<WeightTensor> Teacher(SilcConfig config) =>
        ParameterTable.Towers(config).Where(weight => weight.Name.StartsWith("img/", StringComparison.Ordinal)).Concat(ParameterTable.Head(config))
            .Append((Name: "center", Shape: [config.Head.Prototypes]))
            .Select(weight => new WeightTensor(TeacherPrefix + weight.Name, weight.Shape, Part(weight)));

    /// <summary>The second probe of attention pooling in a checkpoint of a run with second captions.</summary>
    public static WeightTensor Second(SilcConfig config) =>
        new(SecondProbe, [config.Image.Width], new WeightPart(SecondProbe, 1, config.Image.Width, WeightOrder.Same));

    // img/Transformer/encoderblock_3/… is in img/Transformer/encoderblock/… where layers are stacked.
    static string FileName(string name, Func<string, bool>? stacked)
    {
        const string block = "/encoderblock_";
        int at = name.IndexOf(block, StringComparison.Ordinal);
        return at < 0 || stacked?.Invoke(name[..at]) != true ? name
            : $"{name[..(at + block.Length - 1)]}{name[name.IndexOf('/', at + 1)..]}";
    }

    static WeightPart Part((string Name, int[] Shape) weight) =>
        new(weight.Name, weight.Shape[..^1].Aggregate(1, (a, b) => a * b), weight.Shape[^1], WeightOrder.Same);
}
