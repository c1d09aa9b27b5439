namespace Silc.Samples.Data;

/// <summary>A file, or two, of vectors that is written row by row, and appears whole or not at all.</summary>
interface IVectorFile : IDisposable
{
    /// <summary>Rows added.</summary>
    int Count { get; }

    /// <summary>Rows that are zero or hold a value that is no number; the first ten are named.</summary>
    (int Count, IReadOnlyList<int> First) Faults { get; }

    /// <summary>Adds rows with the paths and captions of their images.</summary>
    void Add(Vectors embeddings, IReadOnlyList<string> images, IReadOnlyList<string> titles);

    /// <summary>Gives it its name, or another in the same folder.</summary>
    void Commit(string? other = null);
}

/// <summary>Vectors as silc search reads them.</summary>
/// <param name="writer">Writes.</param>
sealed class IndexVectors(IndexWriter writer) : IVectorFile
{
    public int Count => writer.Count;

    public (int Count, IReadOnlyList<int> First) Faults => writer.Faults;

    public void Add(Vectors embeddings, IReadOnlyList<string> images, IReadOnlyList<string> titles) => writer.Add(embeddings, images, titles);

    public void Commit(string? other = null) => writer.Commit(other);

    public void Dispose() => writer.Dispose();
}
