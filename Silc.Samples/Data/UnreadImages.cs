namespace Silc.Samples.Data;

/// <summary>The images of a source that cannot be read, collected by any number of threads: one of them never stops an evaluation.</summary>
/// <param name="name">What the source is called.</param>
/// <param name="count">How many images it has.</param>
sealed class UnreadImages(string name, int count)
{
    const int Shown = 10;

    readonly SortedDictionary<int, string> reasons = [];

    public UnreadImages(IImageTextSource source) : this(source.Name, source.Count) { }

    /// <summary>Adds an image.</summary>
    public void Add(int index, Exception error)
    {
        lock (reasons) reasons[index] = error.Message.ReplaceLineEndings(" ");
    }

    /// <summary>Reads an image; null for one that cannot be read, which is added.</summary>
    public T? Try<T>(int index, Func<T> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception error) when (Unreadable.Is(error))
        {
            Add(index, error);
            return null;
        }
    }

    /// <summary>True for an image that was added.</summary>
    public bool Has(int index)
    {
        lock (reasons) return reasons.ContainsKey(index);
    }

    /// <summary>The indices of all others.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public IReadOnlyList<int> Others()
    {
        lock (reasons)
        {
            if (count > 0 && reasons.Count == count)
                throw new InvalidDataException($"none of the {count:N0} images of {name} can be read: {reasons.Values.First()}");
            return [.. Enumerable.Range(0, count).Where(i => !reasons.ContainsKey(i))];
        }
    }

    /// <summary>Lists them, if there are any.</summary>
    public void Say()
    {
        lock (reasons)
        {
            if (reasons.Count == 0 || reasons.Count == count) return;
            Console.Error.WriteLine($"skipped  {reasons.Count:N0} of {count:N0} images of {name}, which cannot be read:");
            foreach (var reason in reasons.Values.Take(Shown)) Console.Error.WriteLine($"  {reason}");
            if (reasons.Count > Shown) Console.Error.WriteLine($"  and {reasons.Count - Shown:N0} more");
        }
    }
}
