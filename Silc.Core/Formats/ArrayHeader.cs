namespace Silc;

/// <summary>What a checkpoint file says of one of its arrays. Threads: immutable; any number may share it.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Type of one element.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
sealed record ArrayHeader(string Name, ElementType Type, int[] Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The shape as errors name it: <c>(768, 12, 64)</c>.</summary>
    public string ShapeText => Text(Shape);

    internal static string Text(IEnumerable<int> shape) => $"({string.Join(", ", shape)})";
}
