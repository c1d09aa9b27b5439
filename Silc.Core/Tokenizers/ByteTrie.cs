namespace Silc;

/// <summary>
/// Byte strings to numbers, walked one byte at a time. Nodes lie in breadth-first order, so the children of a node are
/// neighbours, sorted by label: three flat arrays and no pointers.
/// </summary>
sealed class ByteTrie
{
    readonly int[] first;   // child of node n; those of node n + 1 begin where these end
    readonly byte[] label;
    readonly int[] value;

    public const int Root = 0;

    public ByteTrie(IEnumerable<(byte[] Key, int Value)> entries)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        var (firstChild, labels, values) = (new List<int>(), new List<byte> { 0 }, new List<int> { -1 });
        var ranges = new Queue<(int Low, int High, int Depth)>([(0, sorted.Length, 0)]);
        for (var node = 0; ranges.TryDequeue(out var range); node++)
        {
            firstChild.Add(labels.Count);
            var (low, high, depth) = range;
            for (; low < high && sorted[low].Key.Length == depth; low++) values[node] = sorted[low].Value;
            while (low < high)
            {
                var (start, next) = (low, sorted[low].Key[depth]);
                while (low < high && sorted[low].Key[depth] == next) low++;
                ranges.Enqueue((start, low, depth + 1));
                labels.Add(next);
                values.Add(-1);
            }
        }
        firstChild.Add(labels.Count);
        (first, label, value) = ([.. firstChild], [.. labels], [.. values]);
    }

    /// <summary>The child of <paramref name="node"/> along <paramref name="next"/>, -1 if there is none.</summary>
    public int Child(int node, byte next)
    {
        var (low, high) = (first[node], first[node + 1]);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (label[middle] < next) low = middle + 1;
            else high = middle;
        }
        return low < first[node + 1] && label[low] == next ? low : -1;
    }

    /// <summary>The value of the key that ends at <paramref name="node"/>, -1 if none does.</summary>
    public int Value(int node) => value[node];

    /// <summary>The value of <paramref name="key"/>, -1 if it is absent.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var node = Root;
        for (var i = 0; i < key.Length && node >= 0; i++) node = Child(node, key[i]);
        return node < 0 ? -1 : value[node];
    }

    /// <summary>Bytes of the longest key that <paramref name="text"/> begins with, 0 if none.</summary>
    public int LongestPrefix(ReadOnlySpan<byte> text)
    {
        var (node, longest) = (Root, 0);
        for (var i = 0; i < text.Length && (node = Child(node, text[i])) >= 0; i++)
            if (value[node] >= 0) longest = i + 1;
        return longest;
    }
}
