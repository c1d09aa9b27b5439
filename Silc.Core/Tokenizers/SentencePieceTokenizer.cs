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
    readonly int unknown, end;
    readonly int[]? byteIds;

    SentencePieceTokenizer(SentencePieceModel model, TokenizerOrigin origin)
    {
        Origin = origin;
        (this.model, unknown) = (model, model.IdOf(PieceType.Unknown));
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
        Fingerprint = FingerprintOf(model, origin.Captions != CaptionRule.AsIs);
    }

    /// <summary>Number of pieces.</summary>
    public override int VocabSize => model.Pieces.Count;

    /// <inheritdoc/>
    public override string Fingerprint { get; }

    /// <inheritdoc/>
    public override TokenizerOrigin Origin { get; }

    /// <summary>What becomes of a caption's letters before it is cut.</summary>
    public CaptionRule Captions => Origin.Captions;

    /// <summary>Ends a row: the model's end piece (<c>&lt;/s&gt;</c>, 1 in T5's), or what comes nearest to one.</summary>
    public int EndId => end;

    /// <summary>Fills a row behind its end: the end piece again, or Gemma's <c>&lt;pad&gt;</c>, 0.</summary>
    public int PaddingId => model.PaddingId ?? end;

    /// <summary>
    /// Opens a <c>.model</c> file; <paramref name="lowerCase"/> makes A to Z small,
    /// as SigLIP and SILC were trained (<see cref="CaptionRule.LowerAscii"/>).
    /// </summary>
    /// <exception cref="InvalidDataException">Not a SentencePiece model, or of a type other than Unigram and BPE.</exception>
    public static SentencePieceTokenizer Load(string path, bool lowerCase = true) =>
        Load(path, lowerCase ? CaptionRule.LowerAscii : CaptionRule.AsIs);

    /// <summary>Opens a <c>.model</c> file for captions of the given rule.</summary>
    /// <exception cref="InvalidDataException">Not a SentencePiece model, or of a type other than Unigram and BPE.</exception>
    public static SentencePieceTokenizer Load(string path, CaptionRule captions) => Load(path, File.ReadAllBytes(path), captions);

    internal static SentencePieceTokenizer Load(string path, byte[] file, CaptionRule captions)
    {
        SegmenterKind kind;
        try
        {
            var model = SentencePieceModel.Parse(file);
            kind = model.Kind;
            if (kind is SegmenterKind.Unigram or SegmenterKind.Bpe) return new(model, new("tokenizer.model", file) { Captions = captions });
        }
        catch (InvalidDataException wrong)
        {
            throw new InvalidDataException(
                $"{path} is damaged or not a SentencePiece model ({wrong.Message}); copy or download it again", wrong);
        }
        throw new InvalidDataException($"{path} is a SentencePiece model of the kind {kind.ToString().ToLowerInvariant()} ({(int)kind}), "
            + "which is not read; train one of the kind unigram or bpe, by spm_train --model_type=unigram");
    }

    /// <summary>From the parts of a <c>tokenizer.json</c>.</summary>
    internal static SentencePieceTokenizer Of(SentencePieceModel model, TokenizerOrigin origin) => new(model, origin);

    /// <inheritdoc/>
    public override Tokenizer Fit(int rows)
    {
        if (VocabSize <= rows) return this;
        int past = model.Pieces.FindIndex(rows, piece => !piece.IsReserved);
        if (past < 0) return new SentencePieceTokenizer(model.First(rows), Origin);
        throw new ArgumentException($"the tokenizer has {VocabSize:N0} ids, the model's vocabulary only {rows:N0}: '{Piece(past)}', "
            + $"number {past:N0}, has no row in it, so the tokenizer is of another model");
    }

    /// <summary>The text of a piece; U+2581 (▁) stands for a space.</summary>
    public string Piece(int id) => model.Pieces[id].Text;

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var ids = new List<int>();
        if (Captions == CaptionRule.Canonical) EncodeWithTokens(text, ids);
        else Encode(Captions.Apply(text), ids);
        return [.. ids];
    }

    // SiglipTokenizer takes </s> and <unk> in a text for those tokens, with the spaces around them.
    void EncodeWithTokens(string text, List<int> ids)
    {
        while (true)
        {
            var (at, id) = new[] { end, unknown }.Select(id => (At: text.IndexOf(model.Pieces[id].Text, StringComparison.Ordinal), Id: id))
                .OrderBy(found => (uint)found.At).First();
            if (at < 0)
            {
                Encode(Captions.Apply(text), ids);
                return;
            }
            Encode(Captions.Apply(text[..at].TrimEnd()), ids);
            ids.Add(id);
            text = text[(at + model.Pieces[id].Text.Length)..].TrimStart();
        }
    }

    void Encode(string text, List<int> ids)
    {
        var normal = normalizer.Normalize(text);
        var segments = segmenter.Segment(normal);
        var afterUnknown = false;
        foreach (var (start, length, id) in segments)
        {
            if (id == unknown && byteIds is not null)
                foreach (var unit in normal.AsSpan(start, length)) ids.Add(byteIds[unit]);
            else if (id != unknown || !afterUnknown)   // a run of unknown characters is one token
                ids.Add(id);
            afterUnknown = id == unknown;
        }
    }

    /// <summary>
    /// SigLIP's rows: ids, cut to length - 1, then the end id up to <paramref name="length"/>; no start token. SigLIP 2's, of vocabularies of
    /// Gemma's kind, have one end id and then the id of padding.
    /// </summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, end, model.PaddingId);

    // Of the vocabulary, and whether any letter becomes small; which letters do travels by itself.
    static string FingerprintOf(SentencePieceModel model, bool lowerCase)
    {
        var hash = new XxHash128();
        Text($"{model.Kind} {model.ByteFallback} {model.SpaceIsSuffix} {model.EndPiece} {model.AddDummyPrefix} {model.RemoveExtraSpaces} "
            + $"{model.EscapeSpaces} {lowerCase}");
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
