using System.IO.Hashing;
using System.Text;

namespace Silc;

/// <summary>
/// SentencePiece (Kudo and Richardson 2018, arXiv:1808.06226), Unigram or BPE, from a <c>.model</c> file such as the
/// <c>c4_en</c> one of SigLIP and SILC. Same ids as <c>spm_encode</c>; safe to call from several threads.
/// </summary>
public sealed class SentencePieceTokenizer : Tokenizer
{
    readonly SentencePieceModel model;
    readonly SentencePieceNormalizer normalizer;
    readonly ISegmenter segmenter;
    readonly bool lowerCase;
    readonly int unknown, end;
    readonly int[]? byteIds;

    // Opened again it would lower the case.
    SentencePieceTokenizer(SentencePieceModel model, bool lowerCase, byte[] file)
        : this(model, lowerCase, lowerCase ? new TokenizerOrigin("tokenizer.model", file) : null) { }

    SentencePieceTokenizer(SentencePieceModel model, bool lowerCase, TokenizerOrigin? origin)
    {
        Origin = origin;
        (this.model, this.lowerCase, unknown) = (model, lowerCase, model.IdOf(PieceType.Unknown));
        if (unknown < 0) throw new InvalidDataException($"its {model.Pieces.Count} pieces have none for unknown text");
        var trie = Trie(PieceType.Normal, PieceType.UserDefined, PieceType.Unused);
        var userDefined = Trie(PieceType.UserDefined);
        normalizer = new(model, userDefined);
        segmenter = model.Kind switch
        {
            SegmenterKind.Bpe => new BpeSegmenter(model, trie, userDefined),
            _ => new UnigramSegmenter(model, trie),
        };
        if (model.ByteFallback) byteIds = [.. Enumerable.Range(0, 256).Select(ByteId)];
        end = model.EndId();
        Fingerprint = FingerprintOf(model, lowerCase);
    }

    /// <summary>Number of pieces.</summary>
    public override int VocabSize => model.Pieces.Count;

    /// <inheritdoc/>
    public override string Fingerprint { get; }

    /// <inheritdoc/>
    public override TokenizerOrigin? Origin { get; }

    /// <summary>
    /// Ends and pads a row: the model's end piece (<c>&lt;/s&gt;</c>, 1 in T5's), or what comes nearest to one.
    /// </summary>
    public int EndId => end;

    /// <summary>Opens a <c>.model</c> file; <paramref name="lowerCase"/> as SigLIP and SILC were trained.</summary>
    /// <exception cref="InvalidDataException">Not a SentencePiece model, or of a type other than Unigram and BPE.</exception>
    public static SentencePieceTokenizer Load(string path, bool lowerCase = true) =>
        Load(path, File.ReadAllBytes(path), lowerCase);

    internal static SentencePieceTokenizer Load(string path, byte[] file, bool lowerCase = true)
    {
        SegmenterKind kind;
        try
        {
            var model = SentencePieceModel.Parse(file);
            kind = model.Kind;
            if (kind is SegmenterKind.Unigram or SegmenterKind.Bpe) return new(model, lowerCase, file);
        }
        catch (InvalidDataException wrong)
        {
            throw new InvalidDataException(
                $"{path} is damaged or not a SentencePiece model ({wrong.Message}); copy or download it again", wrong);
        }
        throw new InvalidDataException($"{path} is a SentencePiece model of the kind {kind.ToString().ToLowerInvariant()} ({(int)kind}), "
            + "which is not read; train one of the kind unigram or bpe, by spm_train --model_type=unigram");
    }

    /// <inheritdoc/>
    public override Tokenizer Fit(int rows)
    {
        if (VocabSize <= rows) return this;
        int past = model.Pieces.FindIndex(rows, piece => !piece.IsReserved);
        if (past < 0) return new SentencePieceTokenizer(model.First(rows), lowerCase, Origin);
        throw new ArgumentException($"the tokenizer has {VocabSize:N0} ids, the model's vocabulary only {rows:N0}: '{Piece(past)}', "
            + $"number {past:N0}, has no row in it, so the tokenizer is of another model");
    }

    /// <summary>The text of a piece; U+2581 (▁) stands for a space.</summary>
    public string Piece(int id) => model.Pieces[id].Text;

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var normal = normalizer.Normalize(lowerCase ? text.ToLowerInvariant() : text);
        var segments = segmenter.Segment(normal);
        var ids = new List<int>(segments.Length);
        var afterUnknown = false;
        foreach (var (start, length, id) in segments)
        {
            if (id == unknown && byteIds is not null)
                foreach (var unit in normal.AsSpan(start, length)) ids.Add(byteIds[unit]);
            else if (id != unknown || !afterUnknown)   // a run of unknown characters is one token
                ids.Add(id);
            afterUnknown = id == unknown;
        }
        return [.. ids];
    }

    /// <summary>
    /// SigLIP's rows: ids, cut to length - 1, then the end id up to <paramref name="length"/>; no start token. SigLIP 2's, of vocabularies of
    /// Gemma's kind, have one end id and then the id of padding.
    /// </summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, end, model.PaddingId);

    static string FingerprintOf(SentencePieceModel model, bool lowerCase)
    {
        var hash = new XxHash128();
        Text($"{model.Kind} {model.ByteFallback} {model.SpaceIsSuffix} {model.EndPiece} {model.AddDummyPrefix} {model.RemoveExtraSpaces} {model.EscapeSpaces} {lowerCase}");
        hash.Append(model.CharsMap);
        foreach (var piece in model.Pieces.Take(model.UsedPieces))
        {
            Text(piece.Text);
            hash.Append(BitConverter.GetBytes(piece.Score));
            hash.Append([(byte)piece.Type]);
        }
        return $"sentencepiece-{Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 8))}";

        // With its length in front: pieces that run together in another way are others.
        void Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }
    }

    ByteTrie Trie(params PieceType[] types) => new(model.Pieces
        .Select((piece, id) => (piece, id)).Where(entry => types.Contains(entry.piece.Type))
        .Select(entry => (Encoding.UTF8.GetBytes(entry.piece.Text), entry.id)));

    int ByteId(int unit)
    {
        var id = model.Pieces.FindIndex(piece => piece.Type == PieceType.Byte && piece.Text == $"<0x{unit:X2}>");
        return id >= 0 ? id : throw new InvalidDataException($"it falls back to bytes but has no piece <0x{unit:X2}>");
    }
}
