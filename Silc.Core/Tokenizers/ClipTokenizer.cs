using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Silc;

/// <summary>
/// CLIP's byte-level BPE (Radford et al. 2021, arXiv:2103.00020; <c>simple_tokenizer.py</c>) from <c>bpe_simple_vocab_16e6.txt.gz</c>,
/// or from Hugging Face's <c>merges.txt</c> or <c>tokenizer.json</c>: with those, captions are composed (NFC) and lower-cased alone,
/// where OpenAI's code also decodes HTML and repairs text as ftfy does. Safe to call from several threads.
/// </summary>
public sealed class ClipTokenizer : Tokenizer
{
    /// <summary>Hugging Face's name of the merges, and of the ids of the pieces.</summary>
    internal const string MergesName = "merges.txt", VocabularyName = "vocab.json";

    internal const string StartText = "<|startoftext|>", EndText = "<|endoftext|>";

    readonly ClipMerges merges;
    readonly Func<string, string> clean;
    readonly int[]? ids;        // by number of a piece; null if they are the same

    ClipTokenizer(ClipMerges merges, Func<string, string> clean, TokenizerOrigin origin)
    {
        (this.merges, this.clean, Origin) = (merges, clean, origin);
        (VocabSize, StartId, EndId) = (merges.Pieces.Count + 2, merges.Pieces.Count, merges.Pieces.Count + 1);
    }

    ClipTokenizer(ClipMerges merges, Func<string, string> clean, TokenizerOrigin origin, IReadOnlyDictionary<string, int> vocabulary, int start,
        int end, int unknown)
    {
        (this.merges, this.clean, Origin) = (merges, clean, origin);
        (VocabSize, StartId, EndId) = (1 + Math.Max(end, Math.Max(start, vocabulary.Values.Max())), start, end);
        ids = [.. merges.Pieces.Select(piece => vocabulary.GetValueOrDefault(piece, unknown))];
        if (start == ids.Length && end == ids.Length + 1 && ids.Select((id, i) => id == i).All(same => same)) ids = null;
    }

    /// <inheritdoc/>
    public override TokenizerOrigin Origin { get; }

    /// <inheritdoc/>
    public override string Fingerprint
    {
        get
        {
            var hash = new XxHash128();
            Span<int> merge = stackalloc int[3];
            foreach (var ((left, right), id) in merges.Pairs.OrderBy(entry => entry.Value))
            {
                (merge[0], merge[1], merge[2]) = (left, right, id);
                hash.Append(MemoryMarshal.AsBytes(merge));
            }
            if (ids is not null)
            {
                hash.Append(MemoryMarshal.AsBytes(ids.AsSpan()));
                hash.Append(MemoryMarshal.AsBytes((ReadOnlySpan<int>)[StartId, EndId]));
            }
            return $"clip-{Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 8))}";
        }
    }

    /// <summary>Tokens per text in the published CLIP models.</summary>
    public const int ContextLength = 77;

    /// <summary>49,408: 256 bytes, the same at the end of a word, the merges, start and end.</summary>
    public override int VocabSize { get; }

    /// <summary>Id of the start token.</summary>
    public int StartId { get; }

    /// <summary>Id of the end token, the highest id in CLIP's own vocabulary.</summary>
    public int EndId { get; }

    /// <summary>Opens the merges: a title line, then two pieces a line, best first; gzipped if the name ends in <c>.gz</c>.</summary>
    /// <exception cref="InvalidDataException">A line is not a merge of pieces that exist.</exception>
    public static ClipTokenizer Load(string path) => Load(path, File.ReadAllBytes(path));

    internal static ClipTokenizer Load(string path, byte[] content)
    {
        using var file = new MemoryStream(content);
        var zipped = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        using Stream text = zipped ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(text, Encoding.UTF8);
        var merges = ClipMerges.Read(path, reader);
        return IsMerges(path) ? new(merges, ClipText.Compose, new(MergesName, content))
            : new(merges, ClipText.Clean, new(zipped ? "tokenizer.txt.gz" : "tokenizer.bpe", content));
    }

    /// <summary>From the parts of a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">A merge is not of two earlier pieces, or there is no start or end token.</exception>
    internal static ClipTokenizer Of(TokenizerOrigin origin, IReadOnlyDictionary<string, int> vocabulary,
        IEnumerable<(string Left, string Right)> pairs,
        IReadOnlyDictionary<string, int> added, Func<string, string> clean)
    {
        int Id(string token) => added.TryGetValue(token, out int id) || vocabulary.TryGetValue(token, out id) ? id
            : throw new InvalidDataException($"{origin.Name} has no token {token}, which CLIP's texts begin or end with");
        return new(ClipMerges.Of(origin.Name, pairs), clean, origin, vocabulary, Id(StartText), Id(EndText), Id(EndText));
    }

    /// <summary>True for the name of Hugging Face's merges.</summary>
    internal static bool IsMerges(string path) => Path.GetFileName(path) == MergesName;

    /// <summary>Throws if a <c>vocab.json</c> numbers pieces otherwise than the merges beside it do.</summary>
    /// <exception cref="InvalidDataException">It does, or it is damaged.</exception>
    internal static void RequireVocabulary(string path, byte[] content, byte[] vocabulary)
    {
        var tokenizer = Load(path, content);
        var file = Path.Combine(Path.GetDirectoryName(path) ?? "", VocabularyName);
        try
        {
            var numbers = JsonSerializer.Deserialize<Dictionary<string, int>>(vocabulary) ?? [];
            foreach (var (piece, id) in tokenizer.Vocabulary)
                if (!numbers.TryGetValue(piece, out int other) || other != id)
                    throw new InvalidDataException($"{file}: '{piece}' is {(numbers.ContainsKey(piece) ? $"{other}" : "missing")}, "
                        + $"by the merges in {MergesName} it is {id}: "
                        + "vocabularies in another order are read from tokenizer.json alone");
        }
        catch (JsonException wrong)
        {
            throw new InvalidDataException($"{file} is no list of ids: {wrong.Message}", wrong);
        }
    }

    IEnumerable<(string Piece, int Id)> Vocabulary =>
        merges.Pieces.Select((piece, i) => (piece, ids?[i] ?? i)).Append((StartText, StartId)).Append((EndText, EndId));

    /// <summary>The tokenizer as Hugging Face's <c>CLIPTokenizer</c> wants it, name and bytes of each file.</summary>
    internal IEnumerable<(string Name, byte[] Bytes)> HuggingFaceFiles(int length)
    {
        yield return (VocabularyName, JsonSerializer.SerializeToUtf8Bytes(Vocabulary.ToDictionary(entry => entry.Piece, entry => entry.Id)));
        yield return (MergesName, Encoding.UTF8.GetBytes("#version: 0.2\n" + string.Concat(merges.Lines.Select(line => line + "\n"))));
        yield return (TokenizerFiles.ConfigName, JsonSerializer.SerializeToUtf8Bytes(new
        {
            tokenizer_class = "CLIPTokenizer",
            processor_class = "CLIPProcessor",
            bos_token = StartText,
            eos_token = EndText,
            unk_token = EndText,
            pad_token = EndText,
            model_max_length = length,
            do_lower_case = true,
            model_input_names = new[] { "input_ids", "attention_mask" },
        }));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Another number of ids: the last two, which begin and end every text, would be other rows.</exception>
    public override Tokenizer Fit(int rows) => VocabSize == rows || ids is not null && VocabSize < rows ? this
        : throw new ArgumentException($"the merges give {VocabSize:N0} ids, the model's vocabulary has {rows:N0}: "
            + "they are of another model, or their file is cut short");

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var cleaned = clean(text);
        var found = new List<int>();
        Span<byte> buffer = stackalloc byte[4 * 64];
        for (int start = 0, length; start < cleaned.Length; start += length)
        {
            var rest = cleaned.AsSpan(start);
            length = ClipText.WordLength(rest);
            var word = rest[..length];
            if (word is StartText) found.Add(StartId);
            else if (word is EndText) found.Add(EndId);
            else if (!word.IsWhiteSpace())
            {
                int first = found.Count;
                var bytes = length <= 64 ? buffer : new byte[4 * length];
                merges.AddWord(bytes[..Encoding.UTF8.GetBytes(word, bytes)], found);
                for (int i = first; ids is not null && i < found.Count; i++) found[i] = ids[found[i]];
            }
        }
        return [.. found];
    }

    /// <summary>
    /// Start, ids, end, and the end id again up to <paramref name="length"/>, so that the last position can be pooled. (CLIP's
    /// own code pads with 0, and pools the highest id.)
    /// </summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of([StartId, .. Encode(text)], length, EndId);
}
