using System.CommandLine;

namespace Silc.Samples.Options;

/// <summary><c>--text-pooling</c>: how the text tower pools tokens, which weights of big_vision do not say.</summary>
static class TextPoolingOption
{
    static readonly Dictionary<string, TextPooling> names = new()
    {
        ["last"] = TextPooling.Last,
        ["first"] = TextPooling.First,
        ["mean"] = TextPooling.Mean,
        ["max"] = TextPooling.Max,
    };

    public static Option<string?> Create() => new("--text-pooling")
    {
        Description = "What of a caption's tokens a text tower projects, where its file does not say it: "
            + "the last (usual), the first, the mean or the largest.",
        HelpName = string.Join('|', names.Keys),
    };

    /// <summary>The configuration with the option's pooling; as it is without the option.</summary>
    /// <exception cref="ArgumentException">No such pooling, or the model's own has weights or a mask that go with it.</exception>
    public static SilcConfig Apply(SilcConfig config, string? given)
    {
        if (given is null) return config;
        if (!names.TryGetValue(given, out var pooling)) throw new ArgumentException($"--text-pooling {given}: say {string.Join(", ", names.Keys)}");
        var why = config.HasText ? $"pools by {config.TextPooling}, as its weights say" : "has no text tower";
        Require.That(config.HasText && config.TextPooling is not (TextPooling.Map or TextPooling.End),
            $"--text-pooling {given}: the model {why}; leave the option out");
        return config with { TextPooling = pooling };
    }
}
