namespace Silc;

/// <summary>
/// Byte-pair encoding as SentencePiece does it: of all neighbours whose union is a piece, the best score merges first, leftmost
/// on a tie (Sennrich et al. 2016, arXiv:1508.07909). User-defined symbols never merge.
/// </summary>
sealed class BpeSegmenter(SentencePieceModel model, ByteTrie trie, ByteTrie userDefined) : ISegmenter
{
    struct Symbol
    {
        public int Start, Length, Previous, Next;
        public bool Frozen;
    }

    readonly record struct Merge(int Left, int Right, int Length);

    readonly int unknown = model.IdOf(PieceType.Unknown);

    public Segment[] Segment(ReadOnlySpan<byte> text)
    {
        var symbols = Characters(text);
        var merges = new PriorityQueue<Merge, (float Cost, int Left)>();
        var cuts = new Dictionary<(int Start, int Length), int>();   // where merged pieces of type Unused are cut again
        for (var i = 1; i < symbols.Length; i++) Propose(text, symbols, i - 1, i, merges, cuts);
        while (merges.TryDequeue(out var merge, out _))
        {
            ref var left = ref symbols[merge.Left];
            ref var right = ref symbols[merge.Right];
            var stale = left.Length == 0 || right.Length == 0 || left.Length + right.Length != merge.Length;
            if (stale) continue;   // one of the two has merged with another since
            (left.Length, left.Next, right.Length) = (merge.Length, right.Next, 0);
            if (left.Next >= 0) symbols[left.Next].Previous = merge.Left;
            Propose(text, symbols, left.Previous, merge.Left, merges, cuts);
            Propose(text, symbols, merge.Left, left.Next, merges, cuts);
        }
        var segments = new List<Segment>();
        for (var i = symbols.Length > 0 ? 0 : -1; i >= 0; i = symbols[i].Next)
            Cut(text, symbols[i].Start, symbols[i].Length, cuts, segments);
        return [.. segments];
    }

    Symbol[] Characters(ReadOnlySpan<byte> text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = userDefined.LongestPrefix(text[start..]);
            var frozen = length > 0;
            if (!frozen) length = Utf8.Length(text[start..]);
            var index = symbols.Count;
            var next = start + length < text.Length ? index + 1 : -1;
            symbols.Add(new() { Start = start, Length = length, Previous = index - 1, Next = next, Frozen = frozen });
        }
        return [.. symbols];
    }

    void Propose(ReadOnlySpan<byte> text, Symbol[] symbols, int left, int right,
        PriorityQueue<Merge, (float Cost, int Left)> merges, Dictionary<(int Start, int Length), int> cuts)
    {
        if (left < 0 || right < 0 || symbols[left].Frozen || symbols[right].Frozen) return;
        var (start, length) = (symbols[left].Start, symbols[left].Length + symbols[right].Length);
        var id = trie.Find(text.Slice(start, length));
        if (id < 0) return;
        merges.Enqueue(new(left, right, length), (-model.Pieces[id].Score, left));
        if (model.Pieces[id].Type == PieceType.Unused) cuts[(start, length)] = symbols[left].Length;
    }

    void Cut(ReadOnlySpan<byte> text, int start, int length,
        Dictionary<(int Start, int Length), int> cuts, List<Segment> segments)
    {
        var id = trie.Find(text.Slice(start, length));
        if (id >= 0 && model.Pieces[id].Type == PieceType.Unused && cuts.TryGetValue((start, length), out var cut))
        {
            Cut(text, start, cut, cuts, segments);
            Cut(text, start + cut, length - cut, cuts, segments);
            return;
        }
        segments.Add(new(start, length, id < 0 ? unknown : id));
    }
}
