using System.Text.Json;
using System.Text.Json.Serialization;

namespace Silc;

// Models as files: safetensors with big_vision's names, and the configuration in the metadata.
public sealed partial class SilcModel
{
    internal const string ConfigKey = "silc.config", TokenizerKey = "silc.tokenizer";

    static readonly JsonSerializerOptions json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Writes the weights to a safetensors file, with what is needed to load them again. Nothing is left half-written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">What <see cref="Tokenizers.Open"/> takes: <c>bytes</c>, <c>words</c>, or a file beside <paramref name="path"/>.</param>
    public void Save(string path, string tokenizer = "bytes") => Safetensors.Write(path, Parameters.ToArrays(), Metadata(tokenizer));

    /// <summary>Opens a model that <see cref="Save"/> wrote, with its tokenizer.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or is no model of this library.</exception>
    public static SilcModel Load(Device device, string path)
    {
        var file = Safetensors.Read(path);
        var (config, tokenizer) = ReadMetadata(file.Metadata, path);
        var model = new SilcModel(device, config, tokenizer);
        try
        {
            model.Parameters.Allocate(seed: 0, gradients: true);
            model.Parameters.Load(file.Arrays.ToDictionary(entry => entry.Key, entry => entry.Value.ToNamedArray()), origin: path);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    internal Dictionary<string, string> Metadata(string tokenizer) =>
        new() { [ConfigKey] = JsonSerializer.Serialize(Config, json), [TokenizerKey] = tokenizer };

    internal static (SilcConfig Config, Tokenizer Tokenizer) ReadMetadata(IReadOnlyDictionary<string, string> metadata, string path)
    {
        if (!metadata.TryGetValue(ConfigKey, out var text))
            throw new InvalidDataException($"{path} has no '{ConfigKey}' in its metadata: it was not written by this library, so its architecture is unknown");
        var config = JsonSerializer.Deserialize<SilcConfig>(text, json) ?? throw new InvalidDataException($"{path}: '{ConfigKey}' is empty");
        var tokenizer = metadata.GetValueOrDefault(TokenizerKey, "bytes");
        return (config, Tokenizers.Open(Tokenizers.IsBuiltIn(tokenizer) ? tokenizer : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, tokenizer)));
    }
}
