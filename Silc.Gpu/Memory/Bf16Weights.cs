using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>
/// Layout of the bf16 copy of a run of weights: the same as in float32, except that the query, key and value of one attention, three (C, C)
/// matrices one after another, are packed side by side as (C, 3C). Such QKV packs come at a constant stride.
/// </summary>
/// <param name="first">Offset of the first pack.</param>
/// <param name="stride">Values from one pack to the next.</param>
/// <param name="packs">Number of packs.</param>
/// <param name="width">C.</param>
readonly struct WeightCopyLayout(int first, int stride, int packs, int width)
{
    public int Width => width;

    public int At(int i)
    {
        int at = i - first, pack = at / stride, inside = at - pack * stride, area = width * width;
        if (at < 0 || pack >= packs || inside >= 3 * area) return i;
        int part = (inside >= area ? 1 : 0) + (inside >= 2 * area ? 1 : 0), row = (inside - part * area) / width;
        return i - inside + row * 3 * width + part * width + (inside - part * area - row * width);
    }

    /// <summary>True if value <paramref name="i"/> is in a QKV pack.</summary>
    public bool IsPacked(int i) => i >= first && (i - first) / stride < packs && (i - first) % stride < 3 * width * width;
}

/// <summary>A run of weights in the float32 parameters of one tower, and their bf16 copy.</summary>
sealed class Bf16WeightCopy(Parameters owner, Tensor values, WeightCopyLayout layout, MemoryBuffer1D<float, Stride1D.Dense> memory)
{
    public Parameters Owner => owner;

    public Tensor Values => values;

    public WeightCopyLayout Layout => layout;

    public MemoryBuffer1D<float, Stride1D.Dense> Memory => memory;

    /// <summary>True from a write of the parameters until the copy is refreshed.</summary>
    public bool IsStale { get; set; } = true;

    public long Begin { get; } = values.View.LoadEffectiveAddressAsPtr();

    public long End => Begin + sizeof(float) * (long)values.Count;

    public MatrixPointer Pointer => new(memory.View.AsContiguous().LoadEffectiveAddressAsPtr(), values.Count, sizeof(ushort));

    /// <summary>The bf16 copy of a weight; of one in a QKV pack, with a row stride of 3C.</summary>
    public Tensor Of(Tensor kernel, long address)
    {
        int start = (int)((address - Begin) / sizeof(float)), at = layout.At(start);
        return new(memory.View.AsContiguous().SubView(at / 2, memory.Length - at / 2), kernel.Rows, kernel.Cols,
            layout.IsPacked(start) ? 3 * layout.Width : kernel.Cols, DType.BFloat16);
    }
}

/// <summary>
/// The bf16 copies of all weights on a device. AdamW writes the copy together with the parameters; every other write marks it stale, and the
/// next GEMM that needs it refreshes it.
/// </summary>
sealed class Bf16Weights(Device device) : WeightCopies
{
    // Rows of bf16 must be a multiple of 16 bytes.
    const int UnitValues = 8;

    readonly List<Bf16WeightCopy> all = [];

    public override void Add(Parameters parameters)
    {
        List<Parameter> run = [];
        (int First, int Stride, int Packs, int Width) packs = default;
        foreach (var p in parameters.All)
        {
            bool goesOn = p.InProducts && run.Count > 0 && run[^1].Tower == p.Tower;
            if (!goesOn) End();
            if (!p.InProducts) continue;
            if (p.PackedQkvWidth is { } width && width % UnitValues == 0 && !Takes(p.Offset, width))
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
            var next = packs.Packs switch
            {
                0 => (at, 0, 1, width),
                1 => packs with { Stride = at - packs.First, Packs = 2 },
                _ => packs with { Packs = packs.Packs + 1 },
            };
            bool fits = next.Item4 == width && next.Item1 + (next.Item3 - 1) * next.Item2 == at;
            if (fits) packs = next;
            return fits;
        }

        void End()
        {
            if (run.Count > 0)
            {
                int start = run[0].Offset, count = (run[^1].Offset + run[^1].Count - start + UnitValues - 1) / UnitValues * UnitValues;
                int stride = Math.Max(1, packs.Packs > 1 ? packs.Stride : count);
                var layout = new WeightCopyLayout(packs.First, stride, packs.Packs, Math.Max(1, packs.Width));
                all.Add(new(parameters, parameters.Values.Columns(start, count), layout, device.Allocate(count / 2, "bf16 weights")));
            }
            run.Clear();
            packs = default;
        }
    }

    public override void Remove(Parameters parameters)
    {
        foreach (var copy in all)
            if (copy.Owner == parameters) device.Free(copy.Memory);
        all.RemoveAll(copy => copy.Owner == parameters);
    }

    protected override void Written(long begin, long bytes)
    {
        long end = begin + bytes;
        foreach (var copy in all)
            if (begin < copy.End && copy.Begin < end) copy.IsStale = true;
    }

    /// <summary>The copy of the value at this address, or null.</summary>
    public Bf16WeightCopy? At(long address)
    {
        foreach (var copy in all)
            if (copy.Begin <= address && address < copy.End) return copy;
        return null;
    }

    /// <summary>The first copy that begins after this address and before <paramref name="end"/>, or null.</summary>
    public Bf16WeightCopy? Next(long address, long end) => all.Where(copy => copy.Begin > address && copy.Begin < end).MinBy(copy => copy.Begin);

    public IEnumerable<Bf16WeightCopy> Stale => all.Where(copy => copy.IsStale);
}
