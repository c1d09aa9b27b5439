namespace Silc;

/// <summary>
/// The pieces of CLIP's BPE and how they merge. A piece has a number: 256 bytes, the same at the end of a word, then the merges in the order of their
/// file. Threads: immutable; any number may share it.
/// </summary>
sealed class ClipMerges
{
    const int MostMerges = 49152 - 256 - 2;     // the rest of the published file is not used

    readonly int[] byteNumbers;     // of a byte inside a word; + 256 at its end

    ClipMerges(Dictionary<(int Left, int Right), int> pairs, List<string> pieces, int[] byteNumbers) =>
        (Pairs, Pieces, this.byteNumbers) = (pairs, pieces, byteNumbers);

    /// <summary>
    /// For a pair of pieces the number of the piece that they merge into; of all merges that are possible the lowest number is made first.
    /// </summary>
    public IReadOnlyDictionary<(int Left, int Right), int> Pairs { get; }

    /// <summary>Pieces as the files write them, by number.</summary>
    public IReadOnlyList<string> Pieces { get; }

    /// <summary>The merges as lines of a file.</summary>
    public IEnumerable<string> Lines => Pairs.OrderBy(entry => entry.Value).Select(entry => $"{Pieces[entry.Key.Left]} {Pieces[entry.Key.Right]}");

    /// <summary>Reads a title line, then two pieces a line.</summary>
    public static ClipMerges Read(string path, TextReader reader)
    {
        return Of(path, Lines());

        IEnumerable<(string Left, string Right)> Lines()
        {
            reader.ReadLine();
            for (int count = 0; count < MostMerges && reader.ReadLine() is { Length: > 0 } line; count++)
                yield return line.Split(' ') is [var left, var right] ? (left, right) : throw Odd(path, count, line);
        }
    }

    /// <exception cref="InvalidDataException">A merge is not of two earlier pieces, or makes a piece again.</exception>
    public static ClipMerges Of(string path, IEnumerable<(string Left, string Right)> lines)
    {
        var (numbers, byteNumbers) = BytePieces();
        var pieces = numbers.OrderBy(entry => entry.Value).Select(entry => entry.Key).ToList();
        var pairs = new Dictionary<(int Left, int Right), int>();
        foreach (var (left, right) in lines)
        {
            if (!numbers.TryGetValue(left, out var first) || !numbers.TryGetValue(right, out var second) || !numbers.TryAdd(left + right,
                numbers.Count))
                throw Odd(path, pairs.Count, $"{left} {right}");
            pieces.Add(left + right);
            pairs[(first, second)] = pieces.Count - 1;
        }
        return new(pairs, pieces, byteNumbers);
    }

    static InvalidDataException Odd(string path, int merges, string line) =>
        new($"{path}, line {merges + 2}: '{line}' is not a merge of two earlier pieces");

    /// <summary>Appends the word's bytes and merges them in place, the earliest merge of the file first, from the left.</summary>
    public void AddWord(ReadOnlySpan<byte> word, List<int> numbers)
    {
        var first = numbers.Count;
        foreach (var unit in word) numbers.Add(byteNumbers[unit]);
        numbers[^1] += 256;
        while (true)
        {
            var best = int.MaxValue;
            for (var i = first + 1; i < numbers.Count; i++)
                if (Pairs.TryGetValue((numbers[i - 1], numbers[i]), out var merged)) best = Math.Min(best, merged);
            if (best == int.MaxValue) return;
            var to = first;
            for (var from = first; from < numbers.Count; to++)
            {
                var merge = from + 1 < numbers.Count && Pairs.GetValueOrDefault((numbers[from], numbers[from + 1])) == best;
                numbers[to] = merge ? best : numbers[from];
                from += merge ? 2 : 1;
            }
            numbers.RemoveRange(to, numbers.Count - to);
        }
    }

    /// <summary>Printable Latin-1 bytes stand for themselves and come first; the others are U+0100 and up (<c>bytes_to_unicode</c>).</summary>
    static (Dictionary<string, int> Numbers, int[] ByteNumbers) BytePieces()
    {
        static bool Printable(int unit) => unit is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
        int[] order = [.. Enumerable.Range(0, 256).Where(Printable), .. Enumerable.Range(0, 256).Where(unit => !Printable(unit))];
        var (numbers, byteNumbers, next) = (new Dictionary<string, int>(), new int[256], 0x100);
        foreach (var unit in order)
        {
            byteNumbers[unit] = numbers.Count;
            numbers.Add(((char)(Printable(unit) ? unit : next++)).ToString(), numbers.Count);
        }
        foreach (var piece in numbers.Keys.ToArray()) numbers.Add(piece + "</w>", numbers.Count);
        return (numbers, byteNumbers);
    }
}
