using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// The masks of a step on the device, in one of two places beside its batch (<see cref="BatchUpload"/>), slice by slice. Threads: one at a time.
/// </summary>
sealed class MaskUpload : IDisposable
{
    const int Places = 2, Lists = 3;

    readonly Device device;
    readonly MaskBatch masks;
    readonly VisionTransformer tower;
    readonly int slices, size, first;
    readonly MemoryBuffer1D<int, Stride1D.Dense> integers;
    readonly MemoryBuffer1D<float, Stride1D.Dense> floats;

    /// <param name="model">The student.</param>
    /// <param name="train">What is hidden, and how the batch is cut.</param>
    /// <param name="rank">Of this process.</param>
    /// <param name="ranks">Number of ranks.</param>
    public MaskUpload(SilcModel model, TrainConfig train, int rank, int ranks)
    {
        (device, tower, slices) = (model.Device, model.Image, train.Accumulate);
        size = train.BatchSize / ranks / slices;
        first = rank * slices * size;
        masks = new(train.Masks, model.Config.Grid, model.Config.Views.Global, train.BatchSize, size, train.Seed);
        integers = device.Allocate<int>((long)Places * slices * Lists * masks.Rows, "masks");
        try
        {
            floats = device.Allocate(Places * slices * EachFloats, "masks");
        }
        catch
        {
            device.Free(integers);
            throw;
        }
    }

    /// <summary>Rows M of a slice.</summary>
    public int Rows => masks.Rows;

    /// <summary>Share of the patches of the last step's views that were hidden, of this rank.</summary>
    public double HiddenShare { get; private set; }

    // Flags and weights.
    long EachFloats => masks.Hidden.Length + (long)masks.Rows;

    /// <summary>A slice of the masks in a place.</summary>
    public MaskSlice this[int place, int slice] => new(Floats(place, slice, 0, masks.Hidden.Length), List(place, slice, 0), List(place, slice, 1),
        List(place, slice, 2), Floats(place, slice, masks.Hidden.Length, Rows));

    /// <summary>Draws the masks of a step and copies them into a place that no queued step uses.</summary>
    public void Send(int place, long step)
    {
        int hidden = 0;
        for (int slice = 0; slice < slices; slice++)
        {
            hidden += masks.Draw(step, first + slice * size);
            var to = this[place, slice];
            int[] encoded = [.. masks.RowOf.Select(row => tower.RowOf(row, masks.Patches))];
            device.UploadOnCopyStream<float>([.. masks.Hidden.Select(flag => (float)flag)], to.Hidden.View);
            device.UploadOnCopyStream<int>(masks.RowOf, to.Rows);
            device.UploadOnCopyStream<int>(encoded, to.Encoded);
            device.UploadOnCopyStream<int>(TokenBatch.Sort(encoded), to.Order);
            device.UploadOnCopyStream<float>(masks.Weights, to.Weights.View);
        }
        device.WaitForCopies();
        HiddenShare = hidden / (double)(slices * masks.Hidden.Length);
    }

    // Rows, rows of the tower's output, and their order.
    ArrayView<int> List(int place, int slice, int list) =>
        integers.View.AsContiguous().SubView(((long)(place * slices + slice) * Lists + list) * Rows, Rows);

    Tensor Floats(int place, int slice, int at, int count) =>
        new(floats.View.AsContiguous().SubView((place * slices + slice) * EachFloats + at, count), count, 1);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        device.Free(integers);
        device.Free(floats);
    }
}
