using System.Globalization;

namespace Silc;

/// <summary>
/// Byte-pair encoding by a list of merges, the earliest first, over whole captions, with <c>&lt;0xE2&gt;</c> pieces for letters that
/// the vocabulary lacks: Gemma's tokenizer in the form of <c>tokenizer.json</c>, for SigLIP 2. Safe to call from several threads.
/// </summary>
sealed class MergesTokenizer : Tokenizer
{
    readonly Dictionary<string, int> vocabulary;
    readonly Dictionary<(int Left, int Right), (int Rank, int Id)> merges;
    readonly Dictionary<char, (string Token, int Id)[]> added;      // by first letter, longest first
    readonly List<Func<string, string>> normalizer;
    readonly int[] byteIds;
    readonly int end, padding, unknown;

    public MergesTokenizer(TokenizerOrigin origin, Dictionary<string, int> vocabulary, Dictionary<(int Left, int Right), (int Rank, int Id)> merges,
        Dictionary<string, int> added, List<Func<string, string>> normalizer, int end, int padding, int unknown)
    {
        (Origin, this.vocabulary, this.merges, this.normalizer) = (origin, vocabulary, merges, normalizer);
        (this.end, this.padding, this.unknown) = (end, padding, unknown);
        this.added = added.Where(token => token.Key != "").GroupBy(token => token.Key[0])
            .ToDictionary(group => group.Key, group => group
                .OrderByDescending(token => token.Key.Length).Select(token => (token.Key, token.Value)).ToArray());
        byteIds = [.. Enumerable.Range(0, 256).Select(unit =>
            vocabulary.GetValueOrDefault(string.Create(CultureInfo.InvariantCulture, $"<0x{unit:X2}>"), -1))];
        // Tokens that only special texts have may lie past the rows of a model.
        VocabSize = 1 + vocabulary.Values.Max();
    }

    /// <inheritdoc/>
    public override int VocabSize { get; }

    /// <inheritdoc/>
    public override TokenizerOrigin Origin { get; }

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        var ids = new List<int>();
        int start = 0;
        for (int i = 0; i < text.Length;)
        {
            var (token, id) = AddedAt(text, i);
            if (token is null)
            {
                i++;
                continue;
            }
            Merge(text[start..i], ids);
            ids.Add(id);
            start = i += token.Length;
        }
        Merge(text[start..], ids);
        return [.. ids];
    }

    /// <summary>SigLIP 2's rows: ids, cut to length - 1, one end id, then padding.</summary>
    public override int[] Tokens(string text, int length) => TokenRow.Of(Encode(text), length, end, padding);

    (string? Token, int Id) AddedAt(string text, int at)
    {
        if (added.TryGetValue(text[at], out var tokens))
            foreach (var token in tokens)
                if (token.Id < VocabSize && text.AsSpan(at).StartsWith(token.Token)) return token;
        return (null, 0);
    }

    void Merge(string text, List<int> ids)
    {
        foreach (var step in normalizer) text = step(text);
        var symbols = Letters(text);
        var (previous, next) = (new int[symbols.Count], new int[symbols.Count]);
        for (int i = 0; i < symbols.Count; i++) (previous[i], next[i]) = (i - 1, i + 1);
        var queue = new PriorityQueue<(int Left, int LeftId, int RightId), (int Rank, int Left)>();
        for (int i = 0; i + 1 < symbols.Count; i++) Propose(i);
        while (queue.TryDequeue(out var merge, out _))
        {
            int left = merge.Left, right = next[left];
            // One of the two has merged with another since, or has gone.
            if (symbols[left] != merge.LeftId || right >= symbols.Count || symbols[right] != merge.RightId) continue;
            symbols[left] = merges[(merge.LeftId, merge.RightId)].Id;
            symbols[right] = -1;
            next[left] = next[right];
            if (next[left] < symbols.Count) previous[next[left]] = left;
            if (previous[left] >= 0) Propose(previous[left]);
            Propose(left);
        }
        for (int i = 0; i < symbols.Count; i = next[i]) ids.Add(symbols[i]);

        void Propose(int left)
        {
            if (next[left] < symbols.Count && merges.TryGetValue((symbols[left], symbols[next[left]]), out var merge))
                queue.Enqueue((left, symbols[left], symbols[next[left]]), (merge.Rank, left));
        }
    }

    List<int> Letters(string text)
    {
        var ids = new List<int>(text.Length);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (vocabulary.TryGetValue(rune.ToString(), out int id))
            {
                ids.Add(id);
                continue;
            }
            foreach (var unit in bytes[..rune.EncodeToUtf8(bytes)])
                if (byteIds[unit] >= 0) ids.Add(byteIds[unit]);
                else if (unknown >= 0 && (ids.Count == 0 || ids[^1] != unknown)) ids.Add(unknown);
        }
        return ids;
    }
}
