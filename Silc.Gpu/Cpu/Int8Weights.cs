using ILGPU;
using ILGPU.Runtime;

namespace Silc;

/// <summary>Rounds the panels of a kernel to 8 bits.</summary>
readonly struct RoundToInt8(Int8Kernel kernel) : ICpuWork
{
    public void Run(int item) => kernel.Round(item);
}

/// <summary>The weights of a model in 8 bits, each rounded when a product first asks for it: a quarter of their memory beside them.</summary>
sealed class Int8Weights(Device device) : WeightCopies
{
    // Sums of 255 · 127 stay below 2^31.
    const int MostRows = int.MaxValue / (255 * 127);

    readonly Dictionary<long, RoundedWeight> all = [];

    sealed class RoundedWeight(Parameters owner, Tensor weights)
    {
        public Parameters Owner => owner;

        public Tensor Weights => weights;

        public MemoryBuffer1D<float, Stride1D.Dense>? Memory { get; set; }

        public bool IsStale { get; set; } = true;
    }

    public override void Add(Parameters parameters)
    {
        foreach (var p in parameters.All)
            if (p.InProducts) all.Add(p.Value.View.LoadEffectiveAddressAsPtr(), new(parameters, p.Value));
    }

    public override void Remove(Parameters parameters)
    {
        foreach (var (address, copy) in all.Where(pair => pair.Value.Owner == parameters).ToList())
        {
            if (copy.Memory is { } memory) device.Free(memory);
            all.Remove(address);
        }
    }

    protected override void Written(long begin, long bytes)
    {
        foreach (var (address, copy) in all)
            if (begin < address + sizeof(float) * (long)copy.Weights.Count && address < begin + bytes) copy.IsStale = true;
    }

    /// <summary>The kernel in 8 bits; null if <paramref name="x"/> is no weight, and in a dry run.</summary>
    public unsafe Int8Kernel? Of(Tensor x)
    {
        if (device.Launcher is not null || !x.View.IsValid || !x.IsDense || x.Rows > MostRows) return null;
        if (!all.TryGetValue(x.View.LoadEffectiveAddressAsPtr(), out var copy)) return null;
        if ((copy.Weights.Rows, copy.Weights.Cols) != (x.Rows, x.Cols)) return null;
        copy.Memory ??= device.Allocate(Int8Kernel.Floats(x.Rows, x.Cols), "weights in 8 bits");
        var kernel = new Int8Kernel((float*)copy.Memory.View.AsContiguous().LoadEffectiveAddressAsPtr(),
            (float*)x.View.LoadEffectiveAddressAsPtr(), x.Rows, x.Cols);
        if (copy.IsStale) device.ForItems(kernel.Panels, new RoundToInt8(kernel));
        copy.IsStale = false;
        return kernel;
    }
}
