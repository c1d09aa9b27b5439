using System.Text.RegularExpressions;

namespace Silc;

/// <summary>What a piece is for; numbers of <c>sentencepiece_model.proto</c>.</summary>
enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of the vocabulary; its id is its index.</summary>
readonly partial record struct Piece(string Text, float Score, PieceType Type)
{
    /// <summary>True if no text is meant to have it: room that T5's and BERT's vocabularies keep free.</summary>
    public bool IsReserved => Type is PieceType.Control or PieceType.Unused || Room().IsMatch(Text);

    [GeneratedRegex(@"^\u2581?(<extra_id_\d+>|<unused_?\d+>|\[unused_?\d+\])$")]
    private static partial Regex Room();
}

/// <summary>How a piece sequence is chosen; numbers of <c>sentencepiece_model.proto</c>.</summary>
enum SegmenterKind
{
    Unigram = 1,
    Bpe = 2,
    Word = 3,
    Char = 4,
}

/// <summary>The fields of a SentencePiece <c>.model</c> file (Kudo and Richardson 2018, arXiv:1808.06226) that encoding needs.</summary>
sealed partial class SentencePieceModel
{
    public List<Piece> Pieces { get; private set; } = [];
    public SegmenterKind Kind { get; private set; } = SegmenterKind.Unigram;
    public bool ByteFallback { get; private set; }
    public bool SpaceIsSuffix { get; private set; }
    public string EndPiece { get; private set; } = "</s>";
    public byte[] CharsMap { get; private set; } = [];
    public bool AddDummyPrefix { get; private set; } = true;
    public bool RemoveExtraSpaces { get; private set; } = true;
    public bool EscapeSpaces { get; private set; } = true;

    public static SentencePieceModel Parse(ReadOnlySpan<byte> file)
    {
        var model = new SentencePieceModel();
        var reader = new ProtoReader(file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: model.Pieces.Add(ParsePiece(reader.Bytes)); break;
                case 2: model.ParseTrainer(reader.Bytes); break;
                case 3: model.ParseNormalizer(reader.Bytes); break;
            }
        }
        return model;
    }

    /// <summary>
    /// A Unigram model from the parts of a <c>tokenizer.json</c>, whose runs of spaces are one, and whose texts begin and end with none.
    /// </summary>
    public static SentencePieceModel Unigram(List<Piece> pieces, bool byteFallback, byte[] charsMap, bool addDummyPrefix) => new()
    {
        Pieces = pieces,
        ByteFallback = byteFallback,
        CharsMap = charsMap,
        AddDummyPrefix = addDummyPrefix,
    };

    /// <summary>The same model with its first pieces alone.</summary>
    public SentencePieceModel First(int pieces)
    {
        var first = (SentencePieceModel)MemberwiseClone();
        first.Pieces = Pieces[..pieces];
        return first;
    }

    /// <summary>Pieces before those that T5's vocabularies end in, <c>&lt;extra_id_99&gt;</c> and so on, which no caption has.</summary>
    public int UsedPieces
    {
        get
        {
            int count = Pieces.Count;
            while (count > 0 && Pieces[count - 1].IsReserved) count--;
            return count;
        }
    }

    /// <summary>
    /// Id of what fills a row behind its end; null where the end itself does, as in SigLIP. Vocabularies
    /// of Gemma's kind, pairs of bytes, have a piece for it, which SigLIP 2 was trained with.
    /// </summary>
    public int? PaddingId => Kind == SegmenterKind.Bpe && ByteFallback && Pieces is [{ Text: "<pad>", Type: PieceType.Control }, ..] ? 0 : null;

    /// <summary>Id of the one piece of that type, -1 if there is none.</summary>
    public int IdOf(PieceType type) => Pieces.FindIndex(piece => piece.Type == type);

    /// <summary>Id of the piece that ends a text: the model's own, else BERT's <c>[SEP]</c>, else padding, else the unknown piece.</summary>
    public int EndId()
    {
        foreach (var name in new[] { EndPiece, "[SEP]", "<pad>" })
            if (Pieces.FindIndex(piece => piece.Type == PieceType.Control && piece.Text == name) is >= 0 and var id) return id;
        return IdOf(PieceType.Unknown);
    }

    static Piece ParsePiece(ReadOnlySpan<byte> message)
    {
        var piece = new Piece("", 0, PieceType.Normal);
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            piece = reader.Field switch
            {
                1 => piece with { Text = reader.Text },
                2 => piece with { Score = reader.Float },
                3 => piece with { Type = (PieceType)reader.Int },
                _ => piece,
            };
        }
        return piece;
    }

    void ParseTrainer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3: Kind = (SegmenterKind)reader.Int; break;
                case 24: SpaceIsSuffix = reader.Flag; break;
                case 35: ByteFallback = reader.Flag; break;
                case 47: EndPiece = reader.Text; break;
            }
        }
    }

    void ParseNormalizer(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2: CharsMap = reader.Bytes.ToArray(); break;
                case 3: AddDummyPrefix = reader.Flag; break;
                case 4: RemoveExtraSpaces = reader.Flag; break;
                case 5: EscapeSpaces = reader.Flag; break;
            }
        }
    }
}
