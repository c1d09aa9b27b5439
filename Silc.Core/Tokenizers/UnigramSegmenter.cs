namespace Silc;

/// <summary>
/// The most probable sequence of pieces under a unigram model (Kudo 2018, arXiv:1804.10959): Viterbi over byte positions.
/// Scores and ties are those of SentencePiece's <c>EncodeOptimized</c>, down to which sums are rounded to float.
/// </summary>
sealed class UnigramSegmenter : ISegmenter
{
    const float UnknownPenalty = 10;   // kUnkPenalty in unigram_model.cc

    struct Best
    {
        public float Score;
        public int Start, Id;
    }

    readonly SentencePieceModel model;
    readonly ByteTrie trie;
    readonly int unknown;
    readonly float unknownScore;
    readonly double bonusPerByte;

    public UnigramSegmenter(SentencePieceModel model, ByteTrie trie)
    {
        (this.model, this.trie, unknown) = (model, trie, model.IdOf(PieceType.Unknown));
        var scores = model.Pieces.Where(piece => piece.Type == PieceType.Normal).Select(piece => piece.Score).ToArray();
        unknownScore = scores.DefaultIfEmpty(0).Min() - UnknownPenalty;
        bonusPerByte = scores.Append(1.17549435e-38f).Max();   // SentencePiece starts its maximum at FLT_MIN
    }

    public Segment[] Segment(ReadOnlySpan<byte> text)
    {
        var best = new Best[text.Length + 1];   // of the paths that end at this byte; Start is -1 where none does
        for (var i = 1; i < best.Length; i++) best[i].Start = -1;
        for (int start = 0, size; start < text.Length; start += size)
        {
            size = Utf8.Length(text[start..]);
            var (here, single) = (best[start].Score, false);
            for (int node = ByteTrie.Root, end = start; end < text.Length && (node = trie.Child(node, text[end])) >= 0;)
            {
                end++;
                var id = trie.Value(node);
                if (id < 0 || model.Pieces[id].Type == PieceType.Unused) continue;
                Offer(ref best[end], Score(id, end - start) + here, start, id);
                single |= end - start == size;
            }
            if (!single) Offer(ref best[start + size], unknownScore + here, start, unknown);
        }
        return Backtrack(best);
    }

    /// <summary>User-defined symbols score so high that they are always chosen.</summary>
    double Score(int id, int length) =>
        model.Pieces[id].Type == PieceType.UserDefined ? length * bonusPerByte - 0.1 : model.Pieces[id].Score;

    static void Offer(ref Best target, double score, int start, int id)
    {
        if (target.Start >= 0 && score <= target.Score) return;
        target = new() { Score = (float)score, Start = start, Id = id };
    }

    static Segment[] Backtrack(Best[] best)
    {
        var count = 0;
        for (var end = best.Length - 1; end > 0; end = best[end].Start) count++;
        var segments = new Segment[count];
        for (var end = best.Length - 1; end > 0; end = best[end].Start)
            segments[--count] = new(best[end].Start, end - best[end].Start, best[end].Id);
        return segments;
    }
}
