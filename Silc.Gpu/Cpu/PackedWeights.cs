using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Lays the panels of a weight out for the micro-kernel: an item is a panel, all of K.</summary>
readonly unsafe struct PackPanels(nint weight, int rows, int columns, nint panels) : ICpuWork
{
    public void Run(int item)
    {
        int width = CpuGemm.PanelColumns, first = item * width;
        Panels.Pack((float*)weight + first, columns, contiguousLines: true, Math.Min(width, columns - first), rows, width,
            (float*)panels + (nint)first * rows);
    }
}

/// <summary>
/// Weights in the order in which the micro-kernel reads them, for who embeds an image or a caption at a time: a product of few rows takes a fifth of
/// its time for packing its weights. A copy is made when such a product reads a weight for the third time since it was written, and takes the memory
/// of the weight once more. Training writes its weights at every step, so that it has none unless a step is cut into small slices.
/// </summary>
sealed class PackedWeights(Device device) : WeightCopies
{
    // Of more rows, packing is below a fiftieth of a product.
    const int MostRows = 512, ReadsBefore = 2;

    sealed class WeightOwner(Parameters parameters, long begin, long end)
    {
        public Parameters Parameters => parameters;

        public bool Holds(long from, long to) => from < end && begin < to;

        public Dictionary<long, PackedWeight> Copies { get; } = [];
    }

    sealed class PackedWeight(int rows, int columns)
    {
        public (int Rows, int Columns) Size => (rows, columns);

        /// <summary>How often products of few rows read the weight since it was written.</summary>
        public int Reads { get; set; }

        public bool IsStale { get; set; } = true;

        public MemoryBuffer1D<float, Stride1D.Dense>? Memory { get; set; }
    }

    readonly List<WeightOwner> owners = [];

    public override void Add(Parameters parameters)
    {
        var weights = parameters.All.Where(p => p.InProducts).Select(p => (Address: p.Value.View.LoadEffectiveAddressAsPtr(), p.Value)).ToList();
        if (weights.Count == 0) return;
        var owner = new WeightOwner(parameters, weights.Min(weight => weight.Address),
            weights.Max(weight => weight.Address + sizeof(float) * (long)weight.Value.Count));
        foreach (var (address, value) in weights) owner.Copies.Add(address, new(value.Rows, value.Cols));
        owners.Add(owner);
    }

    public override void Remove(Parameters parameters)
    {
        foreach (var owner in owners.Where(owner => owner.Parameters == parameters))
            foreach (var copy in owner.Copies.Values)
                if (copy.Memory is { } memory) device.Free(memory);
        owners.RemoveAll(owner => owner.Parameters == parameters);
    }

    // Who writes one weight writes them all: a step of the optimizer, or a file that is loaded. Queued products still read the copies, which stay.
    protected override void Written(long begin, long bytes)
    {
        foreach (var owner in owners)
            if (owner.Holds(begin, begin + bytes))
                foreach (var copy in owner.Copies.Values) (copy.Reads, copy.IsStale) = (0, true);
    }

    /// <summary>
    /// The panels of a weight that a product of <paramref name="m"/> rows reads; null if it is better read where it lies, if <paramref name="x"/> is
    /// no weight, and in a dry run.
    /// </summary>
    public unsafe float* Of(Tensor x, int m)
    {
        if (m is < 2 or > MostRows || device.Launcher is not null || !x.View.IsValid || !x.IsDense) return null;
        var address = x.View.LoadEffectiveAddressAsPtr();
        foreach (var owner in owners)
        {
            if (!owner.Copies.TryGetValue(address, out var copy) || copy.Size != (x.Rows, x.Cols)) continue;
            if (copy.IsStale && copy.Reads++ < ReadsBefore) return null;
            int panels = (x.Cols + CpuGemm.PanelColumns - 1) / CpuGemm.PanelColumns;
            copy.Memory ??= device.Allocate((long)panels * CpuGemm.PanelColumns * x.Rows, "packed weights");
            var memory = copy.Memory.View.AsContiguous().LoadEffectiveAddressAsPtr();
            if (copy.IsStale) device.ForItems(panels, new PackPanels(address, x.Rows, x.Cols, memory));
            copy.IsStale = false;
            return (float*)memory;
        }
        return null;
    }
}
