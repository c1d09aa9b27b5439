namespace Silc;

/// <summary>
/// A classification of the pairs of a source: class names, and the class of each pair.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Names">Names of the classes.</param>
/// <param name="Of">Class of each pair, an index into <paramref name="Names"/>.</param>
public sealed record LabelSet(IReadOnlyList<string> Names, IReadOnlyList<int> Of)
{
    /// <summary>Name of the class of a pair.</summary>
    public string NameOf(int index) => Names[Of[index]];

    /// <summary>Classes in the order in which they first occur; two pairs with the same key are of one class.</summary>
    public static LabelSet From<T>(IEnumerable<T> items, Func<T, string> key, Func<T, string>? name = null)
    {
        var classes = new Dictionary<string, int>();
        var (names, labels) = (new List<string>(), new List<int>());
        foreach (var item in items)
        {
            if (classes.TryAdd(key(item), names.Count)) names.Add((name ?? key)(item));
            labels.Add(classes[key(item)]);
        }
        return new LabelSet(names, labels);
    }
}

/// <summary>A source that can know a class of each of its images.</summary>
interface ILabelled : IImageTextSource
{
    /// <summary>The class of each pair; null where the source was not told of classes.</summary>
    LabelSet? Classes { get; }
}
