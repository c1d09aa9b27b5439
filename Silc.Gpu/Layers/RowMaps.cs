using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Row r of y is row <c>Sources[r]</c> of x: a permutation, a repetition or a choice of rows, and its adjoint.</summary>
/// <param name="Sources">A row of x for each row of y.</param>
/// <param name="Order">Rows of y sorted by their source.</param>
/// <param name="Rows">Rows of y.</param>
readonly record struct RowMap(ArrayView<int> Sources, ArrayView<int> Order, int Rows)
{
    /// <summary>y = the rows of x.</summary>
    public void Gather(Ops ops, Tensor x, Tensor y) => ops.Embed(Sources, x, y);

    /// <summary>The adjoint: a row of dx is the sum of the rows of dy that were made of it, 0 where none was.</summary>
    public void Scatter(Ops ops, Tensor dy, Tensor dx)
    {
        ops.Fill(dx, 0);
        ops.EmbedBackward(Sources, Order, dy, dx);
    }
}

/// <summary>Row maps on a device, each made when it is first asked for. Threads: one at a time, as for <see cref="Device.Ops"/>.</summary>
sealed class RowMaps(Device device) : IDisposable
{
    readonly Dictionary<object, RowMap> maps = [];
    readonly List<MemoryBuffer1D<int, Stride1D.Dense>> memory = [];

    /// <summary>The map of a key, which says all that it depends on.</summary>
    public RowMap Of(object key, Func<int[]> sources)
    {
        if (maps.TryGetValue(key, out var map)) return map;
        int[] rows = sources();
        return maps[key] = new(Put(rows), Put(TokenBatch.Sort(rows)), rows.Length);
    }

    ArrayView<int> Put(int[] values)
    {
        var buffer = device.Allocate<int>(values.Length, "row maps");
        memory.Add(buffer);
        device.Upload<int>(values, buffer.View.AsContiguous());
        return buffer.View.AsContiguous();
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        memory.ForEach(device.Free);
        memory.Clear();
        maps.Clear();
    }
}
