namespace Silc;

// Models as files: safetensors with big_vision's names, and the configuration in the metadata.
public sealed partial class SilcModel
{
    /// <summary>Writes the weights to a safetensors file, with what is needed to load them again. Nothing is left half-written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">
    /// Null puts the model's own tokenizer into the file. Otherwise what <see cref="Tokenizers.Open(string?)"/> takes:
    /// <c>bytes</c>, <c>words</c>,
    /// or the name of a file that lies beside <paramref name="path"/> whenever the model is loaded.
    /// </param>
    public void Save(string path, string? tokenizer = null) =>
        Save(path, tokenizer is null ? Tokenizer?.Origin : new(tokenizer), null);

    internal void Save(string path, TokenizerOrigin? tokenizer, long? step) =>
        Safetensors.Write(path, Parameters.ToArrays(), ModelMetadata.Of(Config, tokenizer, step));

    /// <summary>
    /// Opens the model in a file that <see cref="Save(string, string?)"/> wrote, in a checkpoint, or in the folder of a run, with
    /// its tokenizer.
    /// </summary>
    /// <param name="device">Where it lives; must outlive the model.</param>
    /// <param name="path">Of a folder, the newest weights.</param>
    /// <param name="tokenizer">Instead of the file's; models whose tokenizer only their program can make need it.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or is no model of this library.</exception>
    public static SilcModel Load(Device device, string path, Tokenizer? tokenizer = null)
    {
        if (Directory.Exists(path)) path = RunFolder.NewestWeights(path);
        var file = Safetensors.Read(path);
        if (file.Arrays.ContainsKey(Seal.Name)) Seal.Verify(path);
        var model = new SilcModel(device, ModelMetadata.Config(file.Metadata, path), tokenizer
            ?? ModelMetadata.Tokenizer(file.Metadata, path)?.Open());
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
}
