using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Where a value of a run of kernels lies in its copy: in the same place, except that query, key and value of one attention, three
/// (C, C) matrices one after another, lie side by side there as (C, 3C). Such threes come at equal distances.
/// </summary>
/// <param name="first">The first three's beginning.</param>
/// <param name="distance">From one three to the next.</param>
/// <param name="threes">How many.</param>
/// <param name="width">C.</param>
readonly struct WeightCopyLayout(int first, int distance, int threes, int width)
{
    public int Width => width;

    public int At(int i)
    {
        int at = i - first, three = at / distance, inside = at - three * distance, area = width * width;
        if (at < 0 || three >= threes || inside >= 3 * area) return i;
        int part = (inside >= area ? 1 : 0) + (inside >= 2 * area ? 1 : 0), row = (inside - part * area) / width;
        return i - inside + row * 3 * width + part * width + (inside - part * area - row * width);
    }

    /// <summary>True where value <paramref name="i"/> lies side by side with others.</summary>
    public bool IsPacked(int i) => i >= first && (i - first) / distance < threes && (i - first) % distance < 3 * width * width;
}

/// <summary>A run of kernels in the float32 parameters of one tower, and their bf16 copy.</summary>
sealed class Bf16WeightCopy(Parameters owner, Tensor values, WeightCopyLayout layout, MemoryBuffer1D<float, Stride1D.Dense> memory)
{
    public Parameters Owner => owner;

    public Tensor Values => values;

    public WeightCopyLayout Layout => layout;

    public MemoryBuffer1D<float, Stride1D.Dense> Memory => memory;

    /// <summary>True from a write of the parameters until the copy is made again.</summary>
    public bool IsStale { get; set; } = true;

    public long Begin { get; } = values.View.LoadEffectiveAddressAsPtr();

    public long End => Begin + sizeof(float) * (long)values.Count;

    public MatrixPointer Halves => new(memory.View.AsContiguous().LoadEffectiveAddressAsPtr(), values.Count, sizeof(ushort));

    /// <summary>The copy of a kernel, or of one among three: those lie in rows of 3C.</summary>
    public Tensor Of(Tensor kernel, long address)
    {
        int start = (int)((address - Begin) / sizeof(float)), at = layout.At(start);
        return new(memory.View.AsContiguous().SubView(at / 2, memory.Length - at / 2), kernel.Rows, kernel.Cols,
            layout.IsPacked(start) ? 3 * layout.Width : kernel.Cols, DType.BFloat16);
    }
}

/// <summary>
/// The bf16 copies of all models' kernels on a device, found by the address of the float32 that they are copies of, so that neither layers
/// nor optimizers know of them. The optimizer's pass writes a copy beside its parameters; every other write makes it stale, and the next
/// product that wants it has it made again.
/// </summary>
sealed class Bf16Weights(Device device)
{
    // Rows of bf16 must be whole units of 16 bytes.
    const int UnitValues = 8;

    readonly List<Bf16WeightCopy> all = [];

    /// <summary>Makes room for the copies of the kernels among these parameters, whose memory is there.</summary>
    public void Add(Parameters parameters)
    {
        List<Parameter> run = [];
        (int First, int Distance, int Threes, int Width) threes = default;
        foreach (var p in parameters.All)
        {
            bool goesOn = p.InProducts && run.Count > 0 && run[^1].Tower == p.Tower;
            if (!goesOn) End();
            if (!p.InProducts) continue;
            if (p.WidthOfThree is { } width && width % UnitValues == 0 && !Takes(p.Offset, width))
            {
                End();
                Takes(p.Offset, width);
            }
            run.Add(p);
        }
        End();

        bool Takes(int offset, int width)
        {
            int at = run.Count == 0 ? 0 : offset - run[0].Offset;
            var next = threes.Threes switch
            {
                0 => (at, 0, 1, width),
                1 => threes with { Distance = at - threes.First, Threes = 2 },
                _ => threes with { Threes = threes.Threes + 1 },
            };
            bool fits = next.Item4 == width && next.Item1 + (next.Item3 - 1) * next.Item2 == at;
            if (fits) threes = next;
            return fits;
        }

        void End()
        {
            if (run.Count > 0)
            {
                int start = run[0].Offset, count = (run[^1].Offset + run[^1].Count - start + UnitValues - 1) / UnitValues * UnitValues;
                int distance = Math.Max(1, threes.Threes > 1 ? threes.Distance : count);
                var layout = new WeightCopyLayout(threes.First, distance, threes.Threes, Math.Max(1, threes.Width));
                all.Add(new(parameters, parameters.Values.Columns(start, count), layout, device.Allocate(count / 2, "bf16 weights")));
            }
            run.Clear();
            threes = default;
        }
    }

    /// <summary>Frees the copies of these parameters.</summary>
    public void Remove(Parameters parameters)
    {
        foreach (var copy in all)
            if (copy.Owner == parameters) device.Free(copy.Memory);
        all.RemoveAll(copy => copy.Owner == parameters);
    }

    /// <summary>Every write of device memory but the optimizer's comes here: copies of what was written are stale.</summary>
    public void Written<T>(ArrayView<T> view) where T : unmanaged
    {
        if (view.IsValid) Written(view.LoadEffectiveAddressAsPtr(), view.LengthInBytes);
    }

    /// <summary>The same of a tensor, whose view may go on behind it.</summary>
    public void Written(Tensor x)
    {
        if (x.View.IsValid) Written(x.View.LoadEffectiveAddressAsPtr(), x.ElementBytes * ((x.Rows - 1) * (long)x.Stride + x.Cols));
    }

    void Written(long begin, long bytes)
    {
        long end = begin + bytes;
        foreach (var copy in all)
            if (begin < copy.End && copy.Begin < end) copy.IsStale = true;
    }

    /// <summary>The copy that has the value at this address, or null.</summary>
    public Bf16WeightCopy? At(long address)
    {
        foreach (var copy in all)
            if (copy.Begin <= address && address < copy.End) return copy;
        return null;
    }

    /// <summary>Copies that begin behind this address and before <paramref name="end"/>, the next one first.</summary>
    public Bf16WeightCopy? Next(long address, long end) => all.Where(copy => copy.Begin > address && copy.Begin < end).MinBy(copy => copy.Begin);

    public IEnumerable<Bf16WeightCopy> Stale => all.Where(copy => copy.IsStale);
}
