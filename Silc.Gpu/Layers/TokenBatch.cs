using ILGPU;

namespace Silc;

/// <summary>
/// Captions on the device: ids (B·T), and the positions 0..B·T-1 sorted by id, which the embedding's gradient wants.
/// Threads: immutable; any number may share it.
/// </summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Order">Positions sorted by id, then by position.</param>
/// <param name="Batch">Captions B.</param>
readonly record struct TokenBatch(ArrayView<int> Ids, ArrayView<int> Order, int Batch)
{
    /// <summary>Positions sorted by id, then by position.</summary>
    public static int[] Sort(int[] ids)
    {
        var order = new int[ids.Length];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort((int[])ids.Clone(), order);
        for (int first = 0; first < order.Length;)      // Array.Sort is not stable
        {
            int end = first + 1;
            while (end < order.Length && ids[order[end]] == ids[order[first]]) end++;
            Array.Sort(order, first, end - first);
            first = end;
        }
        return order;
    }
}
