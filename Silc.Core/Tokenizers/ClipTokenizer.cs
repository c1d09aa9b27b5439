using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Silc;

/// <summary>
/// CLIP's byte-level BPE (Radford et al. 2021, arXiv:2103.00020; <c>simple_tokenizer.py</c>) from
/// <c>bpe_simple_vocab_16e6.txt.gz</c>. Safe to call from several threads.
/// </summary>
public sealed class ClipTokenizer : Tokenizer
{
    const string StartText = "<|startoftext|>", EndText = "<|endoftext|>";
    const int MergeCount = 49152 - 256 - 2;   // the rest of the published file is not used

    readonly Dictionary<(int Left, int Right), int> merges;
    readonly int[] byteIds;   // of a byte inside a word; + 256 at its end

    ClipTokenizer(Dictionary<(int Left, int Right), int> merges, int[] byteIds, TokenizerOrigin origin) =>
        (this.merges, this.byteIds, Origin) = (merges, byteIds, origin);

    /// <inheritdoc/>
    public override TokenizerOrigin Origin { get; }

    /// <inheritdoc/>
    public override string Fingerprint
    {
        get
        {
            var hash = new XxHash128();
            Span<int> merge = stackalloc int[3];
            foreach (var ((left, right), id) in merges.OrderBy(entry => entry.Value))
            {
                (merge[0], merge[1], merge[2]) = (left, right, id);
                hash.Append(MemoryMarshal.AsBytes(merge));
            }
            return $"clip-{Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 8))}";
        }
    }

    /// <summary>Tokens per text in the published CLIP models.</summary>
    public const int ContextLength = 77;

    /// <summary>49,408: 256 bytes, the same at the end of a word, the merges, start and end.</summary>
    public override int VocabSize => 512 + merges.Count + 2;

    /// <summary>Id of the start token.</summary>
    public int StartId => VocabSize - 2;

    /// <summary>Id of the end token, the highest id.</summary>
    public int EndId => VocabSize - 1;

    /// <summary>
    /// Opens the merges: a title line, then two pieces a line, best first; gzipped if the name ends in <c>.gz</c>.
    /// </summary>
    /// <exception cref="InvalidDataException">A line is not a merge of pieces that exist.</exception>
    public static ClipTokenizer Load(string path) => Load(path, File.ReadAllBytes(path));

    internal static ClipTokenizer Load(string path, byte[] content)
    {
        using var file = new MemoryStream(content);
        var zipped = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        using Stream text = zipped ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(text, Encoding.UTF8);
        var (pieces, byteIds) = BytePieces();
        var merges = new Dictionary<(int Left, int Right), int>();
        reader.ReadLine();
        while (merges.Count < MergeCount && reader.ReadLine() is { Length: > 0 } line)
        {
            if (line.Split(' ') is not [var left, var right] || !pieces.TryGetValue(left, out var leftId) ||
                !pieces.TryGetValue(right, out var rightId) || !pieces.TryAdd(left + right, pieces.Count))
                throw new InvalidDataException($"{path}, line {merges.Count + 2}: '{line}' is not a merge of two earlier pieces");
            merges[(leftId, rightId)] = pieces.Count - 1;
        }
        return new(merges, byteIds, new(zipped ? "tokenizer.txt.gz" : "tokenizer.bpe", content));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Another number of ids: the last two, which begin and end every text, would be other rows.</exception>
    public override Tokenizer Fit(int rows) => VocabSize == rows ? this
        : throw new ArgumentException($"the merges give {VocabSize:N0} ids, the model's vocabulary has {rows:N0}: "
            + "they are of another model, or their file is cut short");

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var clean = ClipText.Clean(text);
        var ids = new List<int>();
        Span<byte> buffer = stackalloc byte[4 * 64];
        for (int start = 0, length; start < clean.Length; start += length)
        {
            var rest = clean.AsSpan(start);
            length = ClipText.WordLength(rest);
            var word = rest[..length];
            if (word is StartText) ids.Add(StartId);
            else if (word is EndText) ids.Add(EndId);
            else if (word is not " ")
            {
                var bytes = length <= 64 ? buffer : new byte[4 * length];
                AddWord(bytes[..Encoding.UTF8.GetBytes(word, bytes)], ids);
            }
        }
        return [.. ids];
    }

    /// <summary>
    /// Start, ids, end, and the end id again up to <paramref name="length"/>, so that the last position can be pooled. (CLIP's
    /// own code pads with 0, and pools the highest id.)
    /// </summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of([StartId, .. Encode(text)], length, EndId);

    /// <summary>Appends the word's bytes and merges them in place, the earliest merge of the file first, from the left.</summary>
    void AddWord(ReadOnlySpan<byte> word, List<int> ids)
    {
        var first = ids.Count;
        foreach (var unit in word) ids.Add(byteIds[unit]);
        ids[^1] += 256;
        while (true)
        {
            var best = int.MaxValue;   // ids of merges grow with their rank
            for (var i = first + 1; i < ids.Count; i++)
                if (merges.TryGetValue((ids[i - 1], ids[i]), out var merged)) best = Math.Min(best, merged);
            if (best == int.MaxValue) return;
            var to = first;
            for (var from = first; from < ids.Count; to++)
            {
                var merge = from + 1 < ids.Count && merges.GetValueOrDefault((ids[from], ids[from + 1])) == best;
                ids[to] = merge ? best : ids[from];
                from += merge ? 2 : 1;
            }
            ids.RemoveRange(to, ids.Count - to);
        }
    }

    /// <summary>
    /// Printable Latin-1 bytes stand for themselves and come first; the others are U+0100 and up (<c>bytes_to_unicode</c>).
    /// </summary>
    static (Dictionary<string, int> Pieces, int[] ByteIds) BytePieces()
    {
        static bool Printable(int unit) => unit is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
        int[] order = [.. Enumerable.Range(0, 256).Where(Printable), .. Enumerable.Range(0, 256).Where(unit => !Printable(unit))];
        var (pieces, byteIds, next) = (new Dictionary<string, int>(), new int[256], 0x100);
        foreach (var unit in order)
        {
            byteIds[unit] = pieces.Count;
            pieces.Add(((char)(Printable(unit) ? unit : next++)).ToString(), pieces.Count);
        }
        foreach (var piece in pieces.Keys.ToArray()) pieces.Add(piece + "</w>", pieces.Count);
        return (pieces, byteIds);
    }
}
