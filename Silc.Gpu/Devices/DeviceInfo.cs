using System.Runtime.Intrinsics.X86;

namespace Silc;

/// <summary>One accelerator of this machine.</summary>
/// <param name="Kind">CUDA, OpenCL or CPU.</param>
/// <param name="Index">Number among its kind, from 0.</param>
/// <param name="Name">The driver's name for it.</param>
/// <param name="MemoryBytes">Device memory; for the CPU, what this process may use.</param>
/// <param name="Units">Multiprocessors, compute units or threads.</param>
/// <param name="Capabilities">What else the driver says: architecture, version, vector width.</param>
/// <param name="IsProcessor">True when the device is a CPU, also behind OpenCL.</param>
/// <param name="HasTensorCores">True when it multiplies tf32 and bf16 matrices: NVIDIA GPUs of compute capability 8.0 and newer.</param>
public sealed record DeviceInfo(
    DeviceKind Kind, int Index, string Name, long MemoryBytes, int Units, string Capabilities, bool IsProcessor, bool HasTensorCores = false)
{
    /// <summary>What <see cref="Device.Open"/> takes for this device; 8 bits where the processor has an instruction for them.</summary>
    public IReadOnlyList<Precision> Precisions =>
        HasTensorCores ? [Precision.Float32, Precision.Tf32, Precision.Bf16]
        : Kind == DeviceKind.Cpu && AvxVnni.IsSupported ? [Precision.Float32, Precision.Int8]
        : [Precision.Float32];

    /// <summary>How <see cref="Device.Open"/> names it, e.g. <c>cuda:0</c>.</summary>
    public string Id => Kind == DeviceKind.Cpu ? "cpu" : $"{Kind.ToString().ToLowerInvariant()}:{Index}";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Id} ({Name}, {Units} {(Kind == DeviceKind.Cpu ? "threads" : "units")}, {MemoryBytes >> 20:N0} MiB, {Capabilities})";
}
