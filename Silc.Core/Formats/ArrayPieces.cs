namespace Silc;

/// <summary>Takes the next values of an array, in row-major order.</summary>
/// <param name="values">Valid during the call only.</param>
public delegate void ValueSink(ReadOnlySpan<float> values);

/// <summary>An array to be written whose values are made while they are written, so that a file may be larger than memory.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Pieces">Passes all values to a sink, in order.</param>
sealed record ArrayPieces(string Name, int[] Shape, Action<ValueSink> Pieces)
{
    public long Count { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    public static ArrayPieces Of(NamedArray array) => new(array.Name, array.Shape, sink => sink(array.Values));
}
