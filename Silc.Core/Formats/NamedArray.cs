namespace Silc;

/// <summary>
/// A named host array as checkpoints hold it: float32 values in row-major order.
/// Threads: any number may read it, while nobody changes its arrays.
/// </summary>
/// <param name="Name">Slash-separated name, e.g. <c>img/embedding/kernel</c>.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Values">Product of <paramref name="Shape"/> values.</param>
sealed record NamedArray(string Name, int[] Shape, float[] Values);
