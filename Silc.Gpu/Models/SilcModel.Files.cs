namespace Silc;

// Models as files: this library's own, and those of big_vision, Hugging Face and open_clip.
public sealed partial class SilcModel
{
    /// <summary>
    /// The weights as files want them: on the host, a piece at a time. They are those of the moment when each piece is read; no training
    /// should go on meanwhile.
    /// </summary>
    public ModelWeights Weights => new(Config, HasHead: true, (name, sink) => Parameters.Read(Parameters[name], sink));

    /// <summary>
    /// Identifies the embeddings of this model: a letter and 16 digits from the values and sizes of both towers, the same in whatever format the
    /// weights are, on whatever device. Vectors of models with other fingerprints cannot be compared. Head, t and b have no part in it.
    /// </summary>
    public string Fingerprint() => Weights.Fingerprint();

    /// <summary>
    /// Writes the weights to a safetensors file, with what is needed to load them again. Nothing is left half-written. It writes no model card:
    /// <c>silc card FILE --out README.md</c> makes one of what the file says, and <c>silc train</c> and <c>silc convert</c> leave one by themselves.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">
    /// Null puts the model's own tokenizer into the file. Otherwise what <see cref="Tokenizers.Open(string?)"/> takes:
    /// <c>bytes</c>, <c>words</c>, or the name of a file that lies beside <paramref name="path"/> whenever the model is loaded.
    /// </param>
    public void Save(string path, string? tokenizer = null) =>
        Save(path, tokenizer is null ? Tokenizer?.Origin : new(tokenizer), null);

    internal void Save(string path, TokenizerOrigin? tokenizer, long? step)
    {
        using var exclusive = Exclusive();    // values of one step, although training goes on
        Safetensors.WritePieces(path, [.. Parameters.All.Select(p => new ArrayPieces(p.Name, [.. p.Shape], sink => Parameters.Read(p, sink)))],
            ModelMetadata.Of(Config, tokenizer, step));
    }

    /// <summary>
    /// Opens a model of any format that <see cref="ModelFile"/> reads: a file, a folder, or the newest weights of a run. The architecture comes from
    /// the file; a self-distillation head that it lacks is drawn anew. On the CPU, loading takes little more memory than the model itself.
    /// </summary>
    /// <param name="device">Where the model will live; must outlive it.</param>
    /// <param name="path">File or folder.</param>
    /// <param name="tokenizer">Instead of the file's; models whose tokenizer only their program can make need it.</param>
    /// <param name="imageSize">Another size of images: positions are resized.</param>
    /// <exception cref="InvalidDataException">The file is damaged or no model; the message names file, tensor and reason.</exception>
    /// <exception cref="NotSupportedException">Another format; the message says how to convert it.</exception>
    public static SilcModel Load(Device device, string path, Tokenizer? tokenizer = null, int? imageSize = null)
    {
        using var file = ModelFile.Open(path);
        if (tokenizer is not null) file.RequireTokenizer(tokenizer, "the one that was given");
        var weights = imageSize is { } size ? file.Weights.WithImageSize(size) : file.Weights;
        return From(device, weights, weights.Config, tokenizer ?? file.Tokenizer?.Open());
    }

    /// <summary>
    /// A model that begins with the weights of another, for training to go on with: fine-tuning, another stage, a higher resolution
    /// (<see cref="ModelWeights.WithImageSize"/>). Drawn anew is only what <paramref name="weights"/> lack: the head, if
    /// there is none or it has other sizes, and the bias <c>b</c> where the loss changes from InfoNCE to sigmoid.
    /// </summary>
    /// <param name="device">Where the model will live; must outlive it.</param>
    /// <param name="weights">Of a <see cref="ModelFile"/> or another model.</param>
    /// <param name="config">Towers of the same sizes; views, loss and head may be others.</param>
    /// <param name="tokenizer">For captions; null means that texts come as token ids.</param>
    /// <param name="seed">Seed of what is drawn.</param>
    /// <exception cref="ArgumentException">A parameter of the towers has another shape; the message gives both.</exception>
    public static SilcModel From(Device device, ModelWeights weights, SilcConfig config, Tokenizer? tokenizer = null, int seed = 0)
    {
        var there = ParameterTable.Towers(weights.Config).ToDictionary(weight => weight.Name, weight => weight.Shape);
        var head = weights.HasHead && weights.Config.Head == config.Head;
        device.Prepare(training: false);
        var model = new SilcModel(device, config, tokenizer);
        try
        {
            foreach (var p in model.Parameters.All)
                if (there.TryGetValue(p.Name, out var shape) && !shape.SequenceEqual(p.Shape))
                    throw new ArgumentException($"'{p.Name}' has shape ({string.Join(", ", shape)}) in the weights to begin with, and "
                        + $"({string.Join(", ", p.Shape)}) "
                        + "in the model to train: sizes of towers, vocabulary and texts cannot change, that of images changes by "
                        + "ModelWeights.WithImageSize");
            model.Parameters.AllocateValues();
            bool IsThere(Parameter p) => there.ContainsKey(p.Name) || head && p.Name.StartsWith(BigVisionNames.HeadPrefix, StringComparison.Ordinal);
            model.Parameters.Write([.. model.Parameters.All.Where(IsThere)], weights);
            model.Parameters.DrawLater(model.Parameters.All.Where(p => !IsThere(p)), seed);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes the model in another library's format, with the files that belong beside the weights.</summary>
    /// <param name="path">A folder, or the file of the weights.</param>
    /// <param name="format">Whose format.</param>
    /// <param name="tokenizer">Null takes the model's own.</param>
    /// <returns>The files.</returns>
    public IReadOnlyList<string> Export(string path, ModelFormat format, TokenizerOrigin? tokenizer = null)
    {
        using var exclusive = Exclusive();
        return ModelWriter.Write(Weights, format, path, tokenizer ?? Tokenizer?.Origin);
    }
}
