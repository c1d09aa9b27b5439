using System.Buffers;
using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Silc;

/// <summary>
/// An open model file of any format that Silc reads: what it is, found from its names, its shapes and the configuration beside
/// it, and its weights on request. Tensors that are missing or have another shape are named when the file is opened.
/// Threads: one at a time.
/// </summary>
/// <example>
/// <code>
/// using var file = ModelFile.Open("siglip_b16.npz");
/// Console.WriteLine(file.Weights.Config);
/// using var tuned = SilcModel.From(device, file.Weights.WithImageSize(384), file.Weights.Config with { ImageSize = 384 });
/// </code>
/// </example>
public sealed class ModelFile : IDisposable
{
    const int PieceFloats = 1 << 18;

    static readonly string[] usualNames = [HuggingFaceModel.WeightsName, OpenClipModel.WeightsName, "model.npz"];

    readonly ArrayFile file;
    readonly FoundModel found;
    readonly Dictionary<string, (ArrayHeader Array, long Offset, WeightPart Part)> places = [];
    readonly ConcurrentBag<float[]> buffers = [];
    int largest;

    ModelFile(ArrayFile file, int? imageSize)
    {
        this.file = file;
        if (file.Arrays.ContainsKey(Seal.Name)) Seal.Verify(file.Path);
        if (Find(file, imageSize) is { } plain) found = plain;
        else if (StrippedArrays.Of(file, BigVisionNames.Patches, HuggingFaceNames.Patches, OpenClipNames.Patches,
            ClipNames.Patches) is { } stripped && Find(stripped, imageSize) is { } inside)
            (this.file, file, found) = (stripped, stripped,
                inside with { Notes = [.. inside.Notes, $"names begin with '{stripped.Prefix}', which is left off"] });
        else throw Unknown(file);
        // What Silc exports says the rule of captions itself: the other library's class may have another.
        if (found.Tokenizer is { IsSentencePiece: true } pieces && file.Metadata.ContainsKey(ModelMetadata.CaptionsKey))
            found = found with { Tokenizer = pieces with { Captions = ModelMetadata.Captions(file.Metadata, file.Path) } };
        if (ModelMetadata.Images(file.Metadata, file.Path) is { } images) found = found with { Config = found.Config with { Images = images } };
        // Built-in tokenizers have no file that could lie beside the weights: their name in the metadata is all that there is to keep.
        if (found.Tokenizer is null && Config.HasText && file.Metadata.GetValueOrDefault(ModelMetadata.TokenizerIdKey) is { } name
            && Tokenizers.IsBuiltIn(name))
            found = found with { Tokenizer = new(name) };
        CheckTokenizer();
        Locate(found.Tensors, "");
        const string zeroBias = "logit_bias is exactly 0, as converters write it for a model trained with InfoNCE; nothing says so here, and it is "
            + "read as one of the sigmoid loss, whose probabilities are other ones: --contrastive softmax trains it on as what it was";
        if (IsZeroBias()) found = found with { Notes = [.. found.Notes, zeroBias] };
        WeightTensor[] teacher = found.HasHead && file.Arrays.ContainsKey(BigVisionNames.TeacherPrefix + BigVisionNames.Patches)
            ? [.. BigVisionNames.Teacher(Config)] : [];
        Locate(teacher, BigVisionNames.TeacherPrefix);
        WeightTensor[] second = found.HasHead && Config.ImagePooling == ImagePooling.Map && file.Arrays.ContainsKey(BigVisionNames.SecondProbe)
            ? [BigVisionNames.Second(Config)] : [];
        Locate(second, "");
        foreach (var (parameter, tensor) in found.Added)
            Locate([tensor with { Parts = [tensor.Parts[0] with { Parameter = AddedTo(parameter) }, .. tensor.Parts[1..]] }], "");
        var used = found.Tensors.Concat(teacher).Concat(second).Concat(found.Added.Values).Select(tensor => tensor.Name).ToHashSet();
        Extra = [.. file.Arrays.Keys.Where(name => !used.Contains(name))];
        RequireNoStrays();
        Weights = new(Config, found.HasHead, Read) { Direct = new(Read, Fill, this.file.IsConcurrent) };
        Teacher = teacher is [] ? null : Weights with { Read = (name, sink) => Read(BigVisionNames.TeacherPrefix + name, sink) };
        Second = second is [] ? null
            : Weights with { Read = (name, sink) => Read(name == BigVisionNames.Probe ? BigVisionNames.SecondProbe : name, sink) };
    }

    /// <summary>The file.</summary>
    public string Path => file.Path;

    /// <summary>Whose format it is.</summary>
    public ModelFormat Format => found.Format;

    /// <summary>Architecture.</summary>
    public SilcConfig Config => found.Config;

    /// <summary>The tokenizer in the file or its folder, or null.</summary>
    public TokenizerOrigin? Tokenizer => found.Tokenizer;

    /// <summary>
    /// Fingerprint of the tokenizer that the model was trained with, which formats that cannot hold the tokenizer keep; null if the file does
    /// not say, as those of other libraries.
    /// </summary>
    public string? TokenizerFingerprint => file.Metadata.GetValueOrDefault(ModelMetadata.TokenizerIdKey) ?? Tokenizer?.Open().Fingerprint;

    /// <summary>Throws unless a tokenizer is the model's, as far as the file says, and its ids fit.</summary>
    /// <param name="tokenizer">To be used with the weights.</param>
    /// <param name="name">How errors call it.</param>
    /// <exception cref="ArgumentException">Another one, or too many ids.</exception>
    public void RequireTokenizer(Tokenizer tokenizer, string name)
    {
        if (TokenizerFingerprint is { } own && tokenizer.Fingerprint is { } other && own != other)
            throw new ArgumentException($"{Path} was trained with the tokenizer {own} and has {Config.VocabSize:N0} ids; {name} is {other} "
                + $"with {tokenizer.VocabSize:N0} ids, "
                + "which mean other words to this model: take the tokenizer that it was trained with");
        tokenizer.Fit(Config.VocabSize);
    }

    void CheckTokenizer()
    {
        if (Tokenizer is not { } beside || !file.Metadata.ContainsKey(ModelMetadata.TokenizerIdKey)) return;
        try
        {
            RequireTokenizer(beside.Open(), $"{beside.Name} in its folder");
        }
        catch (ArgumentException another)
        {
            throw new InvalidDataException(another.Message, another);
        }
    }

    /// <summary>Names of the tensors that belong to the model.</summary>
    public IReadOnlyList<string> Used => [.. found.Tensors.Select(tensor => tensor.Name)];

    /// <summary>Names of arrays that the model has no use for.</summary>
    public IReadOnlyList<string> Extra { get; }

    /// <summary>It is an npz whose layers are stacked, one array for all layers of a tower, as from runs with <c>scan=True</c>.</summary>
    public bool Stacked => found.Stacked;

    /// <summary>What a user should know of the file, a sentence each.</summary>
    public IReadOnlyList<string> Notes => found.Notes;

    /// <summary>The weights. Reading refuses values that are not finite.</summary>
    public ModelWeights Weights { get; }

    /// <summary>Image tower, head and <c>center</c> of the EMA teacher, if the file is a checkpoint that has one.</summary>
    public ModelWeights? Teacher { get; }

    /// <summary>
    /// The weights with the second probe of attention pooling in the place of the first, so that images embed as second captions saw them; null
    /// unless the file is the checkpoint of a run with those.
    /// </summary>
    internal ModelWeights? Second { get; }

    /// <summary>Opens a file, the one of a folder, or the newest weights of a run.</summary>
    /// <exception cref="InvalidDataException">
    /// It is damaged, no model, or its tensors do not fit each other; the message says which and how.
    /// </exception>
    /// <exception cref="NotSupportedException">It is a pickle or another format; the message says how to convert it.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static ModelFile Open(string path) => Open(path, null);

    /// <summary>The same for files that may not say for images of what size their positions are.</summary>
    internal static ModelFile Open(string path, int? imageSize)
    {
        var file = ArrayFile.Open(!Directory.Exists(path) ? path : RunFolder.HoldsRun(path) ? RunFolder.NewestWeights(path) : In(path));
        try
        {
            return new(file, imageSize);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    static FoundModel? Find(ArrayFile file, int? imageSize) => BigVisionModel.Find(file, imageSize)
        ?? HuggingFaceModel.Find(file) ?? ClassTower.FindHuggingFace(file)
        ?? OpenClipModel.Find(file) ?? OpenClipClip.Find(file)
        ?? ImageTower.FindTimm(file);

    static string In(string folder)
    {
        if (usualNames.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } usual) return usual;
        if (Directory.GetFiles(folder, $"*{JoinedFile.IndexEnding}") is [var index]) return index;
        var files = Directory.GetFiles(folder);
        string[] candidates = [.. files.Where(name => System.IO.Path.GetExtension(name) is ".npz" or ".safetensors")];
        if (candidates is [var single]) return single;
        if (candidates.Length > 1)
            throw new InvalidDataException($"{folder} holds {candidates.Length} files of weights; name one: "
                + string.Join(", ", candidates.Select(System.IO.Path.GetFileName)));
        if (files.FirstOrDefault(name => System.IO.Path.GetExtension(name) is ".bin" or ".pt" or ".pth") is { } pickle)
            throw CheckpointFile.NotSupported(pickle, System.IO.Path.GetExtension(pickle));
        throw new FileNotFoundException($"{folder} holds no weights: none of {string.Join(", ", usualNames)}");
    }

    static InvalidDataException Unknown(ArrayFile file) =>
        new(
        $"{file.Path} holds no image tower: neither {BigVisionNames.Patches} (big_vision, Silc) nor "
        + $"{HuggingFaceNames.Patches} (Hugging Face) nor {OpenClipNames.Patches} "
        + $"(open_clip) nor {ClipNames.Patches} (CLIP); "
        + $"{(file.Arrays.Count == 0 ? "it is empty" : $"it begins with {string.Join(", ", file.Arrays.Keys.Take(3))}")}");

    void Locate(IEnumerable<WeightTensor> tensors, string prefix)
    {
        foreach (var tensor in tensors)
        {
            if (!file.Arrays.TryGetValue(tensor.Name, out var array))
                throw new InvalidDataException($"{Path} lacks '{tensor.Name}' of shape {ArrayHeader.Text(tensor.Shape)}");
            if (array.Type == ElementType.Complex64)
                throw new InvalidDataException($"{Path}: '{tensor.Name}' holds complex numbers (C64), and the model needs real ones");
            // A single value is one whether its shape is (1) or ().
            if (!array.Shape.SequenceEqual(tensor.Shape) && (array.Count != 1 || tensor.Parts is not [{ Count: 1 }]))
                throw new InvalidDataException(
                    $"{Path}: '{tensor.Name}' has shape {array.ShapeText}, it should be {ArrayHeader.Text(tensor.Shape)}");
            long offset = 0;
            foreach (var part in tensor.Parts)
            {
                if (part.Order != WeightOrder.Same) largest = Math.Max(largest, part.Count);
                places.Add(prefix + part.Parameter, (array, offset, part));
                offset += part.Count;
            }
        }
    }

    // An array of a tower that is not used would change every embedding silently, so it is an error.
    void RequireNoStrays()
    {
        string[] strays = [.. Extra.Where(name => !name.EndsWith("position_ids", StringComparison.Ordinal)
            && found.Towers.Any(tower => name.StartsWith(tower, StringComparison.Ordinal)))];
        if (strays.Length == 0) return;
        throw new InvalidDataException($"{Path}: the towers that Silc builds have no place for '{strays[0]}' "
            + $"of shape {file.Arrays[strays[0]].ShapeText}"
            + (strays.Length > 1 ? $" and {strays.Length - 1:N0} more, as '{strays[^1]}'" : "")
            + (StrayLayers.Meaning(strays[0]) is { } meaning ? $"; it is {meaning}, which is not supported" : "")
            + ". Without it embeddings would be wrong: use the library that made the file, or weights of a tower without it");
    }

    // A bias that was trained is not 0 to the last bit; Silc's own exports of such models say what they are.
    bool IsZeroBias()
    {
        if (Format == ModelFormat.Silc || Config.Contrastive != ContrastiveKind.Sigmoid || !places.ContainsKey("b")) return false;
        Span<float> bias = [1];
        FillStored("b", bias);
        return bias[0] == 0;
    }

    static string AddedTo(string parameter) => $"+{parameter}";

    void Read(string parameter, ValueSink sink)
    {
        if (found.Computed.TryGetValue(parameter, out var computed))
        {
            sink(computed);
            return;
        }
        if (!found.Added.ContainsKey(parameter))
        {
            ReadStored(parameter, sink);
            return;
        }
        var count = (int)places[parameter].Array.Count;
        float[] sum = Whole(parameter, count), added = Whole(AddedTo(parameter), count);
        for (int i = 0; i < count; i++) sum[i] += added[i];
        sink(sum);
    }

    float[] Whole(string parameter, int count)
    {
        var values = new float[count];
        FillStored(parameter, values);
        return values;
    }

    // As Read, without a copy where values are stored in our order, and with one where they change places.
    void Fill(string parameter, Span<float> values)
    {
        if (found.Computed.TryGetValue(parameter, out var computed))
        {
            computed.CopyTo(values);
            return;
        }
        FillStored(parameter, values);
        if (!found.Added.ContainsKey(parameter)) return;
        var added = Whole(AddedTo(parameter), values.Length);
        for (int i = 0; i < added.Length; i++) values[i] += added[i];
    }

    void FillStored(string parameter, Span<float> values)
    {
        var (array, offset, part) = Place(parameter);
        if (part.Order == WeightOrder.Same)
        {
            for (int done = 0; done < part.Count; done += PieceFloats)
                ReadFinite(array, offset + done, values.Slice(done, Math.Min(PieceFloats, part.Count - done)));
            return;
        }
        // As many buffers as threads that read at once: the shared pool would keep one for every thread that ever did.
        if (!buffers.TryTake(out var buffer)) buffer = new float[largest];
        ReadFinite(array, offset, buffer.AsSpan(0, part.Count));
        part.FromFile(buffer.AsSpan(0, part.Count), values);
        buffers.Add(buffer);
    }

    (ArrayHeader Array, long Offset, WeightPart Part) Place(string parameter) => places.TryGetValue(parameter, out var place) ? place
        : throw new InvalidDataException($"{Path} has no parameter '{parameter}'");

    void ReadStored(string parameter, ValueSink sink)
    {
        var (array, offset, part) = Place(parameter);
        // Whole where values change places, in pieces where they do not.
        var rented = ArrayPool<float>.Shared.Rent(part.Order == WeightOrder.Same ? Math.Min(part.Count, PieceFloats) : part.Count);
        try
        {
            if (part.Order != WeightOrder.Same)
            {
                FillStored(parameter, rented.AsSpan(0, part.Count));
                sink(rented.AsSpan(0, part.Count));
                return;
            }
            for (int done = 0; done < part.Count;)
            {
                var piece = rented.AsSpan(0, Math.Min(PieceFloats, part.Count - done));
                ReadFinite(array, offset + done, piece);
                sink(piece);
                done += piece.Length;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    void ReadFinite(ArrayHeader array, long first, Span<float> values)
    {
        file.Read(array, first, values);
        if (AreFinite(values)) return;
        for (int i = 0; i < values.Length; i++)
            if (!float.IsFinite(values[i]))
                throw new InvalidDataException(
                    $"{Path}: '{array.Name}' holds {values[i]} at {first + i}: a model with it computes nothing; it was saved "
                    + "after training went wrong, so take an earlier checkpoint");
    }

    // x - x is 0 unless x is infinite or NaN.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static bool AreFinite(ReadOnlySpan<float> values)
    {
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var x = new Vector<float>(values[i..]);
            if (!Vector.EqualsAll(x - x, Vector<float>.Zero)) return false;
        }
        for (; i < values.Length; i++)
            if (!float.IsFinite(values[i])) return false;
        return true;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}
